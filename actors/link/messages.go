package link

import "troupe/wire"

// To a lane, which is no actor: what is done with these is done by the sender.
type (
	// Send sends messages to the other server, if the link is up; they are dropped
	// otherwise. Sent by the owner.
	Send struct{ Messages []Message }
	// Message is Head+Body. Neither slice is changed afterwards.
	Message struct{ Head, Body []byte }
)

// Accepts.
type (
	// Cut breaks the link, which shakes hands anew. Sent by the owner.
	Cut struct{ Why string }
	// Goodbye tells the other server that this one leaves for good; its Down comes
	// at once, and so does this one's. Nothing is sent after that, and no hands are
	// shaken. Sent by the owner.
	Goodbye struct{}
)

// From its own goroutines, which are the network's: what happens to the streams.
type (
	// connected says that a stream to the other server stands.
	connected struct{}
	// disconnected says that it has ended, or never came to be.
	disconnected struct{ why error }
	// greeting is a Hello that has come. The stream that brought it waits for the
	// verdict.
	greeting struct {
		in      *inbound
		hello   wire.Hello
		verdict chan error
	}
	// pulse is a heartbeat that has come.
	pulse struct {
		in      *inbound
		payload []byte
	}
	// broken says that nothing more can be taken from a stream, or be sent on the
	// link with this number.
	broken struct {
		in   *inbound
		link uint64
		why  error
	}
	// closed says that a stream from the other server has ended.
	closed struct {
		in  *inbound
		why error
	}
)

// To itself.
type (
	tick struct{}
	// redial is ignored when its number is not the last one's.
	redial struct{ number uint64 }
)
