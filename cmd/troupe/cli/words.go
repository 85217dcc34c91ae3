package cli

import "strings"

const blanks = " \t\n\v\f\r"

// splitWords cuts a line at blanks. A word that begins with a single or double
// quote goes to the next such quote, without the two; a quote that is never
// closed is skipped, and one inside a word is an ordinary character.
func splitWords(line string) []string {
	var words []string
	for {
		line = strings.TrimLeft(line, blanks)
		if line == "" {
			return words
		}
		if q := line[0]; q == '"' || q == '\'' {
			line = line[1:]
			if end := strings.IndexByte(line, q); end >= 0 {
				words = append(words, line[:end])
				line = line[end+1:]
			}
			continue
		}
		end := strings.IndexAny(line, blanks)
		if end < 0 {
			end = len(line)
		}
		words = append(words, line[:end])
		line = line[end:]
	}
}
