package session

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"slices"
	"strings"

	"troupe/wire"
)

// Authenticator proves identities. It is shared by all connections and never
// changes.
type Authenticator struct {
	SuperDigest   string   // user:hash of who may do everything; "" nobody
	DigestAlg     string   // SHA1, SHA-256 or SHA3-256
	EnsembleNames []string // of the scheme ensemble; none: the scheme is unknown
}

// AuthVerdict is what an attempt to authenticate comes to.
type AuthVerdict int

// The verdicts.
const (
	Authenticated AuthVerdict = iota
	Failed                    // told so, and closed
	Disconnect                // closed without a word
)

// Authenticate gives the identities that a scheme's credentials prove. With
// digest every password proves something: a wrong one just fits no ACL.
func (a *Authenticator) Authenticate(scheme string, auth []byte) ([]wire.ID, AuthVerdict) {
	switch {
	case scheme == "ip":
		return nil, Authenticated // known from the connection
	case scheme == "digest" && auth != nil:
		id := a.digest(string([]rune(string(auth)))) // what is not UTF-8 is replaced, as Java does
		ids := []wire.ID{{Scheme: "digest", ID: id}}
		if a.SuperDigest != "" && id == a.SuperDigest {
			ids = []wire.ID{{Scheme: "super"}, ids[0]}
		}
		return ids, Authenticated
	case scheme == "ensemble" && len(a.EnsembleNames) > 0:
		if len(auth) == 0 || slices.Contains(a.EnsembleNames, string(auth)) {
			return nil, Authenticated
		}
		return nil, Disconnect
	}
	return nil, Failed
}

// digest is user:base64(hash(user:password)).
func (a *Authenticator) digest(credentials string) string {
	var sum []byte
	switch a.DigestAlg {
	case "SHA-256":
		h := sha256.Sum256([]byte(credentials))
		sum = h[:]
	case "SHA3-256":
		h := sha3.Sum256([]byte(credentials))
		sum = h[:]
	default:
		h := sha1.Sum([]byte(credentials))
		sum = h[:]
	}
	user, _, _ := strings.Cut(credentials, ":")
	return user + ":" + base64.StdEncoding.EncodeToString(sum)
}
