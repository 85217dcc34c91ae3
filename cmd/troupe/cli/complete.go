package cli

import (
	"context"
	"slices"
	"strings"
	"time"
)

// completionWait bounds how long a Tab waits for the server.
const completionWait = 2 * time.Second

// complete is what Tab does: it completes the word before the cursor as far as
// that is certain, and shows what is possible where it is not.
func (s *shell) complete(ctx context.Context, line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	before, after := line[:pos], line[pos:]
	start := strings.LastIndexAny(before, blanks) + 1
	word := before[start:]
	var stem string
	var found []string
	switch {
	case strings.TrimSpace(before[:start]) == "":
		found = withPrefix(names(), word)
	case strings.HasPrefix(word, "/"):
		cut := strings.LastIndexByte(word, '/') + 1
		stem = word[:cut]
		found = withPrefix(s.childrenOf(ctx, stem), word[cut:])
	}
	if len(found) == 0 {
		return line, pos, true
	}
	completed := stem + commonPrefix(found)
	switch {
	case completed == word && len(found) > 1:
		s.out.text(strings.Join(found, "  ") + "\n")
		if s.out.flush() != nil {
			return line, pos, true
		}
	case completed == word && stem != "" && len(s.childrenOf(ctx, word+"/")) > 0:
		completed += "/"
	case len(found) == 1 && stem == "" && after == "":
		completed += " "
	}
	return before[:start] + completed + after, start + len(completed), true
}

// childrenOf is the children of a path that ends in a slash; none if that cannot
// be found out.
func (s *shell) childrenOf(ctx context.Context, path string) []string {
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	if s.session == nil || checkPath(path) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionWait)
	defer cancel()
	children, _, err := s.session.Children(ctx, path, false)
	if err != nil {
		return nil
	}
	slices.Sort(children)
	return children
}

func withPrefix(words []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, prefix) })
}

// commonPrefix is what all of sorted words begin with, in whole characters.
func commonPrefix(words []string) string {
	first, last := []rune(words[0]), []rune(words[len(words)-1])
	n := 0
	for n < len(first) && n < len(last) && first[n] == last[n] {
		n++
	}
	return string(first[:n])
}
