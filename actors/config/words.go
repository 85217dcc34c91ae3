package config

import "strings"

const fourLetterWordsKey = "4lw.commands.whitelist"

// words has every four-letter word, and whether it is answered without a
// whitelist: those that change nothing, cost little and show no path or
// session that an ACL may hide.
var words = map[string]bool{
	"conf": true, "cons": true, "dirs": true, "envi": true, "gtmk": true, "hash": true, "isro": true,
	"mntr": true, "ruok": true, "srvr": true, "stat": true, "wchs": true,
	"crst": false, "dump": false, "srst": false, "stmk": false, "wchc": false, "wchp": false,
}

func defaultWords() map[string]bool {
	set := map[string]bool{}
	for word, on := range words {
		if on {
			set[word] = true
		}
	}
	return set
}

// fourLetterWords takes the list as it stands: nothing is added to it.
func fourLetterWords(p *parser, e entry) {
	set := map[string]bool{}
	var unheardOf []string
	for word := range strings.SplitSeq(e.value, ",") {
		word = trim(word)
		_, known := words[word]
		switch {
		case word == "*":
			for w := range words {
				set[w] = true
			}
		case known:
			set[word] = true
		case word != "":
			unheardOf = append(unheardOf, word)
		}
	}
	if len(unheardOf) > 0 {
		p.warn(e, "no such four-letter word: "+shown(strings.Join(unheardOf, ", ")))
	}
	p.cfg.FourLetterWords = set
}
