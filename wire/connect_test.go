package wire

import (
	"bytes"
	"reflect"
	"testing"
)

func TestConnect_RoundTrip(t *testing.T) {
	for _, want := range []ConnectRequest{
		{},
		{Protocol: 1, LastZxidSeen: 0x100000002, Timeout: 30000, Session: -5, Password: []byte("0123456789abcdef")},
		{Timeout: -1, Password: []byte{}, HasReadOnly: true},
		{LastZxidSeen: ^Zxid(0), Password: make([]byte, 100), ReadOnly: true, HasReadOnly: true},
	} {
		var e Encoder
		e.ConnectRequestFrame(&want)
		got, err := DecodeConnectRequest(e.Bytes()[4:])
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%+v came back as %+v, %v", want, got, err)
		}
		whole := e.Bytes()[4:]
		if want.HasReadOnly {
			whole = whole[:len(whole)-1]
		}
		for n := range whole {
			if _, err := DecodeConnectRequest(whole[:n]); err == nil {
				t.Errorf("%d of %d bytes are taken", n, len(whole))
			}
		}
	}
	for _, want := range []ConnectResponse{
		{},
		{Timeout: 4000, Session: 0x7f00000000000001, Password: bytes.Repeat([]byte{7}, PasswordSize)},
		{Protocol: 3, Password: []byte{}, ReadOnly: true, HasReadOnly: true},
	} {
		var e Encoder
		e.ConnectResponseFrame(&want)
		got, err := DecodeConnectResponse(e.Bytes()[4:])
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%+v came back as %+v, %v", want, got, err)
		}
		for n := range 16 {
			if _, err := DecodeConnectResponse(e.Bytes()[4 : 4+n]); err == nil {
				t.Errorf("%d bytes are taken", n)
			}
		}
	}
}

// TestConnect_BytesOnTheWire: 36 bytes without the readOnly byte, 37 with it.
func TestConnect_BytesOnTheWire(t *testing.T) {
	r := ConnectResponse{Timeout: 4000, Session: 0x100, Password: make([]byte, PasswordSize)}
	var old, today Encoder
	old.ConnectResponseFrame(&r)
	r.HasReadOnly = true
	today.ConnectResponseFrame(&r)
	want := unhex(t, "00000024 00000000 00000fa0 0000000000000100 00000010 00000000000000000000000000000000")
	if !bytes.Equal(old.Bytes(), want) {
		t.Errorf("got %x", old.Bytes())
	}
	want[3]++
	if want = append(want, 0); !bytes.Equal(today.Bytes(), want) {
		t.Errorf("got %x", today.Bytes())
	}
	req, err := DecodeConnectRequest(unhex(t, `00000001 ffffffffffffffff 00007530 0000000000000000 ffffffff 02 aabb`))
	if err != nil || req.Password != nil || !req.ReadOnly || int64(req.LastZxidSeen) != -1 || req.Timeout != 30000 {
		t.Errorf("%+v, %v", req, err)
	}
	if _, err := DecodeConnectRequest(unhex(t, `00000000 0000000000000000 00007530 0000000000000000 fffffffe 00`)); err == nil {
		t.Error("a password of length -2 is taken")
	}
}
