package wire

import "fmt"

// DecodeReply reads the body of a successful reply to op; nil where there is
// none. Byte slices in it are views into the decoder's frame.
func DecodeReply(op OpCode, d *Decoder) (Body, error) {
	b, err := d.body(op)
	if err == nil {
		err = d.err
	}
	if err != nil {
		return nil, fmt.Errorf("reply to %v: %w", op, err)
	}
	return b, nil
}

func (d *Decoder) body(op OpCode) (Body, error) {
	switch op {
	case OpCreate, OpSync:
		return &PathReply{d.String()}, nil
	case OpCreate2, OpCreateContainer, OpCreateTTL:
		return &PathStatReply{d.String(), d.Stat()}, nil
	case OpExists, OpSetData, OpSetACL:
		return &StatReply{d.Stat()}, nil
	case OpGetData, OpReconfig:
		return &DataReply{d.Buffer(), d.Stat()}, nil
	case OpGetACL:
		return &ACLReply{d.acls(), d.Stat()}, nil
	case OpGetChildren, OpGetEphemerals:
		return &NamesReply{Names: d.Strings()}, nil
	case OpGetChildren2:
		return &NamesStatReply{Names: d.Strings(), Stat: d.Stat()}, nil
	case OpGetAllChildrenNumber:
		return &CountReply{d.Int32()}, nil
	case OpAddWatch:
		return &CodeReply{ErrorCode(d.Int32())}, nil
	case OpWhoAmI:
		return d.whoAmI(), nil
	case OpMulti, OpMultiRead:
		return d.multiReply()
	case OpNotification:
		return d.WatchEvent(), nil
	case OpDelete, OpCheck, OpPing, OpAuth, OpSetWatches, OpSetWatches2, OpCheckWatches,
		OpRemoveWatches, OpCloseSession:
		return nil, nil
	}
	return nil, UnknownOp(op)
}

func (d *Decoder) whoAmI() *WhoAmIReply {
	r := &WhoAmIReply{Clients: make([]ID, d.Count(8))}
	for i := range r.Clients {
		r.Clients[i] = ID{d.String(), d.String()}
	}
	return r
}

// WatchEvent reads the body of a notification.
func (d *Decoder) WatchEvent() *WatchEvent {
	return &WatchEvent{EventType(d.Int32()), d.Int32(), d.String()}
}

func (d *Decoder) multiReply() (*MultiReply, error) {
	r := &MultiReply{}
	for {
		op, done, _ := d.multiHeader()
		if done || d.err != nil {
			return r, d.err
		}
		if op == OpError {
			r.Results = append(r.Results, Result{Op: OpError, Err: ErrorCode(d.Int32())})
			continue
		}
		if !inMulti(op) {
			return nil, fmt.Errorf("%v in a multi's reply", op)
		}
		b, err := d.body(op)
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, Result{Op: op, Body: b})
	}
}
