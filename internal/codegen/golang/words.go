package golang

import (
	"slices"
	"strings"
	"unicode"
)

// initialisms are the words Go spells in capitals, as names have them.
var initialisms = map[string]string{
	"Id": "ID", "Ids": "IDs", "Url": "URL", "Uri": "URI", "Arn": "ARN", "Arns": "ARNs", "Api": "API",
	"Ip": "IP", "Ips": "IPs", "Json": "JSON", "Html": "HTML", "Http": "HTTP", "Sms": "SMS",
	"Sha256": "SHA256",
}

// splitName cuts a name of the model into its words: WebRTCContact is Web, RTC, Contact, and
// S3Uri is S3, Uri.
func splitName(name string) []string {
	var words []string
	r := []rune(exported(name))
	start := 0
	for i := 1; i <= len(r); i++ {
		switch {
		case i == len(r),
			unicode.IsUpper(r[i]) && !unicode.IsUpper(r[i-1]),
			unicode.IsUpper(r[i]) && i+1 < len(r) && unicode.IsLower(r[i+1]):
			words = append(words, string(r[start:i]))
			start = i
		}
	}
	return words
}

// goName spells a name of the model the way Go does: InstanceId is InstanceID.
func goName(name string) string {
	words := splitName(name)
	for i, w := range words {
		if better, ok := initialisms[w]; ok {
			words[i] = better
		}
	}
	return strings.Join(words, "")
}

// phrase writes a name as words of a sentence: ContactFlowId is "contact flow id".
func phrase(name string) string {
	words := splitName(name)
	for i, w := range words {
		switch {
		case initialisms[w] != "" && w != "Id" && w != "Ids":
			words[i] = initialisms[w]
		case len(w) == 1 || unicode.IsLower(rune(w[1])): // RTC and S3 stay as they are
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, " ")
}

// singular is the name of one element of a list or map, the name itself where it is no plural.
func singular(name string) string {
	words := splitName(name)
	last := words[len(words)-1]
	if last == "List" && len(words) > 1 {
		return singular(strings.Join(words[:len(words)-1], ""))
	}
	switch {
	case last == "Ids" || last == "Arns" || last == "Ips":
		last = strings.TrimSuffix(last, "s")
	case last == "Criteria":
		last = "Criterion"
	case strings.HasSuffix(last, "ies"):
		last = strings.TrimSuffix(last, "ies") + "y"
	case slices.ContainsFunc([]string{"sses", "uses", "iases", "xes", "ches"}, func(end string) bool { return strings.HasSuffix(last, end) }):
		last = strings.TrimSuffix(last, "es")
	case strings.HasSuffix(last, "s") && !strings.HasSuffix(last, "ss") && !strings.HasSuffix(last, "us"):
		last = strings.TrimSuffix(last, "s")
	}
	words[len(words)-1] = last
	return strings.Join(words, "")
}

// plurals are the third persons that are not the verb and an s.
var plurals = map[string]string{"Search": "searches", "Dismiss": "dismisses"}

// sentence says in a few words what an operation of that name does: CreateQueue "creates a queue".
func sentence(op string) string {
	words := splitName(op)
	batch := words[0] == "Batch"
	if batch {
		words = words[1:]
	}
	verb := plurals[words[0]]
	if verb == "" {
		verb = strings.ToLower(words[0]) + "s"
	}
	if len(words) == 1 {
		return verb
	}
	object := strings.Join(words[1:], "")
	text := phrase(object)
	switch {
	case batch:
		text = "several " + text
		if singular(object) == object {
			text += "s"
		}
	case singular(object) == object && words[1] != "Hours" && !strings.HasSuffix(object, "Data") && !strings.HasSuffix(object, "Content") && !strings.HasSuffix(object, "Metadata"):
		text = article(text) + " " + text
	}
	return verb + " " + text
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) || strings.HasPrefix(noun, "RTC") {
		return "an"
	}
	return "a"
}
