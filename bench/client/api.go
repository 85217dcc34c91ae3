package client

import (
	"context"
	"fmt"
	"time"

	"troupe/wire"
)

// AnyVersion matches every version of a znode.
const AnyVersion int32 = -1

// API is the typed calls, the same on a Conn and on a Session. Their errors
// wrap what Do returns, with operation and path. What they return stays valid.
type API struct{ via doer }

type doer interface {
	Do(context.Context, wire.Request) (Reply, error)
}

func (a API) call(ctx context.Context, req wire.Request, path string) (wire.Body, error) {
	reply, err := a.via.Do(ctx, req)
	var body wire.Body
	if err == nil {
		body, err = reply.Body()
	}
	if err != nil {
		return nil, about(req, path, err)
	}
	return body, nil
}

// about is err with the request it is about.
func about(req wire.Request, path string, err error) error {
	if path == "" {
		return fmt.Errorf("%v: %w", req.Op(), err)
	}
	return fmt.Errorf("%v %s: %w", req.Op(), path, err)
}

// ask is call for replies of one type.
func ask[B wire.Body](ctx context.Context, a API, req wire.Request, path string) (body B, err error) {
	b, err := a.call(ctx, req, path)
	if err != nil {
		return body, err
	}
	body, ok := b.(B)
	if !ok {
		return body, about(req, path, fmt.Errorf("%w: answered by %T", ErrProtocol, b))
	}
	return body, nil
}

func (a API) stat(ctx context.Context, req wire.Request, path string) (wire.Stat, error) {
	r, err := ask[*wire.StatReply](ctx, a, req, path)
	if err != nil {
		return wire.Stat{}, err
	}
	return r.Stat, nil
}

// Create makes a znode and returns its path, which has a number appended if the
// mode is sequential. Containers are made by the operation of their own.
func (a API) Create(ctx context.Context, path string, data []byte, acl []wire.ACL, mode wire.CreateMode) (string, error) {
	req := &wire.Create{Kind: wire.OpCreate, Path: path, Data: data, ACL: acl, Mode: mode}
	if mode == wire.ModeContainer {
		req.Kind = wire.OpCreateContainer
		made, _, err := a.create(ctx, req)
		return made, err
	}
	r, err := ask[*wire.PathReply](ctx, a, req, path)
	if err != nil {
		return "", err
	}
	return r.Path, nil
}

// Create2 is Create that also returns the new znode's Stat.
func (a API) Create2(ctx context.Context, path string, data []byte, acl []wire.ACL, mode wire.CreateMode) (string, wire.Stat, error) {
	req := &wire.Create{Kind: wire.OpCreate2, Path: path, Data: data, ACL: acl, Mode: mode}
	if mode == wire.ModeContainer {
		req.Kind = wire.OpCreateContainer
	}
	return a.create(ctx, req)
}

// CreateTTL makes a znode that is removed when it has been unchanged and without
// children for ttl. The mode is ModeTTL or ModeTTLSequential.
func (a API) CreateTTL(ctx context.Context, path string, data []byte, acl []wire.ACL, mode wire.CreateMode, ttl time.Duration) (string, wire.Stat, error) {
	return a.create(ctx, &wire.Create{Kind: wire.OpCreateTTL, Path: path, Data: data, ACL: acl,
		Mode: mode, TTL: ttl.Milliseconds()})
}

func (a API) create(ctx context.Context, req *wire.Create) (string, wire.Stat, error) {
	r, err := ask[*wire.PathStatReply](ctx, a, req, req.Path)
	if err != nil {
		return "", wire.Stat{}, err
	}
	return r.Path, r.Stat, nil
}

// Get returns a znode's data and Stat, and may watch it.
func (a API) Get(ctx context.Context, path string, watch bool) ([]byte, wire.Stat, error) {
	r, err := ask[*wire.DataReply](ctx, a, &wire.GetData{Path: path, Watch: watch}, path)
	if err != nil {
		return nil, wire.Stat{}, err
	}
	return r.Data, r.Stat, nil
}

// Set replaces a znode's data if its version matches.
func (a API) Set(ctx context.Context, path string, data []byte, version int32) (wire.Stat, error) {
	return a.stat(ctx, &wire.SetData{Path: path, Data: data, Version: version}, path)
}

// Delete removes a znode if its version matches.
func (a API) Delete(ctx context.Context, path string, version int32) error {
	_, err := a.call(ctx, &wire.Delete{Path: path, Version: version}, path)
	return err
}

// Exists returns a znode's Stat, and may watch it, which it also does where it
// fails with NoNode.
func (a API) Exists(ctx context.Context, path string, watch bool) (wire.Stat, error) {
	return a.stat(ctx, &wire.Exists{Path: path, Watch: watch}, path)
}

// Children returns the names of a znode's children, in no order, and its Stat,
// and may watch it.
func (a API) Children(ctx context.Context, path string, watch bool) ([]string, wire.Stat, error) {
	r, err := ask[*wire.NamesStatReply](ctx, a, &wire.GetChildren{Path: path, Watch: watch, WithStat: true}, path)
	if err != nil {
		return nil, wire.Stat{}, err
	}
	return r.Names, r.Stat, nil
}

// GetACL returns a znode's ACL and Stat.
func (a API) GetACL(ctx context.Context, path string) ([]wire.ACL, wire.Stat, error) {
	r, err := ask[*wire.ACLReply](ctx, a, &wire.GetACL{Path: path}, path)
	if err != nil {
		return nil, wire.Stat{}, err
	}
	return r.ACL, r.Stat, nil
}

// SetACL replaces a znode's ACL if its aversion matches.
func (a API) SetACL(ctx context.Context, path string, acl []wire.ACL, version int32) (wire.Stat, error) {
	return a.stat(ctx, &wire.SetACL{Path: path, ACL: acl, Version: version}, path)
}

// Sync has the server catch up with what was committed before.
func (a API) Sync(ctx context.Context, path string) error {
	_, err := a.call(ctx, &wire.Sync{Path: path}, path)
	return err
}

// Multi does all of ops or none. Where one fails, every result is an error and
// the returned error is the code of the one that did.
func (a API) Multi(ctx context.Context, ops ...wire.Request) ([]wire.Result, error) {
	r, err := ask[*wire.MultiReply](ctx, a, &wire.Multi{Ops: ops}, "")
	if err != nil {
		return nil, err
	}
	for i, res := range r.Results {
		if res.Err != wire.OK && res.Err != wire.RuntimeInconsistency {
			return r.Results, fmt.Errorf("multi, operation %d: %w", i, res.Err)
		}
	}
	return r.Results, nil
}

// MultiRead does each of ops, GetData or GetChildren, on its own.
func (a API) MultiRead(ctx context.Context, ops ...wire.Request) ([]wire.Result, error) {
	r, err := ask[*wire.MultiReply](ctx, a, &wire.MultiRead{Ops: ops}, "")
	if err != nil {
		return nil, err
	}
	return r.Results, nil
}

// AddWatch sets a watch that stays.
func (a API) AddWatch(ctx context.Context, path string, mode wire.AddWatchMode) error {
	_, err := a.call(ctx, &wire.AddWatch{Path: path, Mode: mode}, path)
	return err
}

// RemoveWatches removes this connection's watches of one type on path.
func (a API) RemoveWatches(ctx context.Context, path string, kind wire.WatcherType) error {
	_, err := a.call(ctx, &wire.Watches{Kind: wire.OpRemoveWatches, Path: path, Type: kind}, path)
	return err
}

// CheckWatches fails with NoWatcher if there is no watch of that type on path.
func (a API) CheckWatches(ctx context.Context, path string, kind wire.WatcherType) error {
	_, err := a.call(ctx, &wire.Watches{Kind: wire.OpCheckWatches, Path: path, Type: kind}, path)
	return err
}

// WhoAmI returns scheme and user of each identity of the connection.
func (a API) WhoAmI(ctx context.Context) ([]wire.ID, error) {
	r, err := ask[*wire.WhoAmIReply](ctx, a, &wire.WhoAmI{}, "")
	if err != nil {
		return nil, err
	}
	return r.Clients, nil
}

// Ephemerals returns the paths of the session's ephemerals that begin with prefix.
func (a API) Ephemerals(ctx context.Context, prefix string) ([]string, error) {
	r, err := ask[*wire.NamesReply](ctx, a, &wire.GetEphemerals{Prefix: prefix}, prefix)
	if err != nil {
		return nil, err
	}
	return r.Names, nil
}

// AllChildrenNumber counts a znode's descendants.
func (a API) AllChildrenNumber(ctx context.Context, path string) (int, error) {
	r, err := ask[*wire.CountReply](ctx, a, &wire.GetAllChildrenNumber{Path: path}, path)
	if err != nil {
		return 0, err
	}
	return int(r.Count), nil
}

// AddAuth adds an identity to the connection. A server that does not take it
// fails with AuthFailed and closes the connection.
func (a API) AddAuth(ctx context.Context, scheme string, auth []byte) error {
	_, err := a.call(ctx, &wire.Auth{Scheme: scheme, Auth: auth}, scheme)
	return err
}

// Reconfig asks for a change of the membership and returns the resulting
// configuration.
func (a API) Reconfig(ctx context.Context, req *wire.Reconfig) ([]byte, wire.Stat, error) {
	r, err := ask[*wire.DataReply](ctx, a, req, "")
	if err != nil {
		return nil, wire.Stat{}, err
	}
	return r.Data, r.Stat, nil
}
