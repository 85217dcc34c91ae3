package link

import "troupe/wire"

// Accepts.
type (
	// Send sends the message Head+Body to the other server, if the link is up; it
	// is dropped otherwise. Neither slice is changed afterwards. Sent by the owner.
	Send struct{ Head, Body []byte }
	// Cut breaks the link, which shakes hands anew. Sent by the owner.
	Cut struct{ Why string }
	// Goodbye tells the other server that this one leaves for good; its Down comes
	// at once, and so does this one's. Nothing is sent afterwards, and no hands are
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
	// frame is anything else that has come.
	frame struct {
		in *inbound
		b  []byte
	}
	// closed says that a stream from the other server has ended.
	closed struct {
		in  *inbound
		why error
	}
)

// To itself.
type (
	tick  struct{}
	flush struct{}
	// redial is ignored when its number is not the last one's.
	redial struct{ number uint64 }
)
