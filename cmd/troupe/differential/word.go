package differential

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"troupe/wire"
)

var sessionIDs = regexp.MustCompile(`0x[0-9a-f]{8,16}`)

// word asks a four-letter word. Blocks of a dump (a line and what is indented
// below it) are sorted, since the original gives them in hash order.
func (s *Side) word(args []Token) ([]string, error) {
	where, args := destination(args)
	text, err := s.answer(where, string(args[0]))
	if err != nil {
		return nil, err
	}
	text = sessionIDs.ReplaceAllStringFunc(text, func(id string) string {
		var v uint64
		fmt.Sscanf(id, "0x%x", &v)
		return s.session(wire.SessionID(v))
	})
	return sortedBlocks(text), nil
}

// answer is what a server says to a four-letter word.
func (s *Side) answer(where, word string) (string, error) {
	c, err := s.dial(where)
	if err != nil {
		return "", err
	}
	defer c.tcp.Close()
	if err := c.write([]byte(word)); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c.in)
	if err != nil && !closedByPeer(err) {
		return "", fmt.Errorf("%s: %w", word, err)
	}
	return string(answer), nil
}

func sortedBlocks(text string) []string {
	var blocks []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch indented := strings.HasPrefix(line, "\t"); {
		case line == "":
		case indented && len(blocks) > 0:
			blocks[len(blocks)-1] += " " + strings.TrimSpace(line)
		default:
			blocks = append(blocks, line)
		}
	}
	for i, block := range blocks {
		head, members, ok := strings.Cut(block, " ")
		if ok && strings.HasPrefix(head, "/") || strings.HasPrefix(head, "s") {
			list := strings.Fields(members)
			slices.Sort(list)
			blocks[i] = strings.TrimSpace(head + " " + strings.Join(list, " "))
		}
	}
	slices.Sort(blocks)
	return blocks
}
