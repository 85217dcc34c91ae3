package client

import (
	"context"
	"strings"

	"troupe/wire"
)

// join is path as the server knows it under a chroot.
func join(root, path string) string {
	if path == "/" {
		return root
	}
	return root + path
}

func joinAll(root string, paths []string) []string {
	joined := make([]string, len(paths))
	for i, p := range paths {
		joined[i] = join(root, p)
	}
	return joined
}

// Absolute is the calls with paths that are not under the chroot: for what the
// server keeps below /zookeeper. A Session does not re-arm watches set so.
func (a API) Absolute() API { return API{absolute(a)} }

type absolute struct{ via doer }

func (a absolute) Do(ctx context.Context, req wire.Request) (Reply, error) {
	return a.via.Do(ctx, rootless{req})
}

// rootless is a request that addChroot leaves alone.
type rootless struct{ wire.Request }

// addChroot is req with its paths put under root; requests are immutable, so it
// is another one unless there is no root.
func addChroot(root string, req wire.Request) wire.Request {
	if root == "" {
		return req
	}
	switch r := req.(type) {
	case *wire.Create:
		c := *r
		c.Path = join(root, r.Path)
		return &c
	case *wire.Delete:
		return &wire.Delete{Path: join(root, r.Path), Version: r.Version}
	case *wire.SetData:
		return &wire.SetData{Path: join(root, r.Path), Data: r.Data, Version: r.Version}
	case *wire.SetACL:
		return &wire.SetACL{Path: join(root, r.Path), ACL: r.ACL, Version: r.Version}
	case *wire.Check:
		return &wire.Check{Path: join(root, r.Path), Version: r.Version}
	case *wire.Multi:
		return &wire.Multi{Ops: addChroots(root, r.Ops)}
	case *wire.MultiRead:
		return &wire.MultiRead{Ops: addChroots(root, r.Ops)}
	}
	return addChrootRead(root, req)
}

func addChrootRead(root string, req wire.Request) wire.Request {
	switch r := req.(type) {
	case *wire.Exists:
		return &wire.Exists{Path: join(root, r.Path), Watch: r.Watch}
	case *wire.GetData:
		return &wire.GetData{Path: join(root, r.Path), Watch: r.Watch}
	case *wire.GetACL:
		return &wire.GetACL{Path: join(root, r.Path)}
	case *wire.GetChildren:
		return &wire.GetChildren{Path: join(root, r.Path), Watch: r.Watch, WithStat: r.WithStat}
	case *wire.GetAllChildrenNumber:
		return &wire.GetAllChildrenNumber{Path: join(root, r.Path)}
	case *wire.GetEphemerals:
		return &wire.GetEphemerals{Prefix: join(root, r.Prefix)}
	case *wire.Sync:
		return &wire.Sync{Path: join(root, r.Path)}
	case *wire.AddWatch:
		return &wire.AddWatch{Path: join(root, r.Path), Mode: r.Mode}
	case *wire.Watches:
		return &wire.Watches{Kind: r.Kind, Path: join(root, r.Path), Type: r.Type}
	case *wire.SetWatches:
		return &wire.SetWatches{Kind: r.Kind, Relative: r.Relative, Data: joinAll(root, r.Data),
			Exist: joinAll(root, r.Exist), Child: joinAll(root, r.Child),
			Persistent: joinAll(root, r.Persistent), Recursive: joinAll(root, r.Recursive)}
	}
	return req
}

func addChroots(root string, ops []wire.Request) []wire.Request {
	under := make([]wire.Request, len(ops))
	for i, op := range ops {
		under[i] = addChroot(root, op)
	}
	return under
}

// stripPath takes root off a path that the server sent. One outside of it, which
// a watch above the chroot can bring, is left as it is.
func stripPath(root, path string) string {
	switch {
	case root == "":
		return path
	case path == root:
		return "/"
	case strings.HasPrefix(path, root+"/"):
		return path[len(root):]
	}
	return path
}

// stripBody takes root off the paths in a freshly decoded reply.
func stripBody(root string, op wire.OpCode, body wire.Body) wire.Body {
	if root == "" {
		return body
	}
	switch b := body.(type) {
	case *wire.PathReply:
		b.Path = stripPath(root, b.Path)
	case *wire.PathStatReply:
		b.Path = stripPath(root, b.Path)
	case *wire.NamesReply:
		if op == wire.OpGetEphemerals {
			for i := range b.Names {
				b.Names[i] = stripPath(root, b.Names[i])
			}
		}
	case *wire.MultiReply:
		for i := range b.Results {
			b.Results[i].Body = stripBody(root, b.Results[i].Op, b.Results[i].Body)
		}
	}
	return body
}
