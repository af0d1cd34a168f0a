package view

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Parse reads what was typed into a field: of options their numbers, labels or
// values, between commas where there may be several. An empty line is nothing. The
// error says what would be right.
func (f *Field) Parse(line string) (given []string, err error) {
	line = strings.TrimSpace(line)
	if line == "" {
		return nil, nil
	}
	switch f.Kind {
	case Choice:
		value, ok := f.option(line)
		if !ok {
			return nil, fmt.Errorf("%q is none of the %d options: type the number of one", line, len(f.Options))
		}
		return []string{value}, nil
	case Choices:
		if value, ok := f.option(line); ok { // a label may have a comma
			return []string{value}, nil
		}
		for name := range strings.SplitSeq(line, ",") {
			value, ok := f.option(strings.TrimSpace(name))
			if !ok {
				return nil, fmt.Errorf("%q is none of the %d options: type numbers with commas between them", strings.TrimSpace(name), len(f.Options))
			}
			if !slices.Contains(given, value) {
				given = append(given, value)
			}
		}
		return given, nil
	case Toggle:
		switch strings.ToLower(line) {
		case "y", "yes", "true":
			return []string{"true"}, nil
		case "n", "no", "false":
			return nil, nil
		}
		return nil, fmt.Errorf("%q is neither yes nor no", line)
	case Date:
		_, err = time.Parse(time.DateOnly, line)
		err = instead(err, "%q is no date such as 2026-10-31", line)
	case Time:
		_, err = time.Parse("15:04", line)
		err = instead(err, "%q is no time such as 13:00", line)
	case Area:
		if n := utf8.RuneCountInString(line); f.MaxLength > 0 && n > f.MaxLength {
			err = fmt.Errorf("%d characters are too many: it may have %d", n, f.MaxLength)
		}
	case Line:
		err = f.checkLine(line)
	}
	if err != nil {
		return nil, err
	}
	return []string{line}, nil
}

// instead is an error in words of one's own, if there is one.
func instead(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// checkLine checks the text of a Line as browsers check an input of the type.
func (f *Field) checkLine(line string) error {
	switch f.Input {
	case "number":
		_, err := strconv.ParseFloat(line, 64)
		return instead(err, "%q is no number", line)
	case "email":
		a, err := mail.ParseAddress(line)
		if err == nil && a.Address != line {
			return fmt.Errorf("%q is no e-mail address alone", line)
		}
		return instead(err, "%q is no e-mail address", line)
	case "url":
		u, err := url.Parse(line)
		if err == nil && !u.IsAbs() {
			return fmt.Errorf("%q is no URL such as https://example.org", line)
		}
		return instead(err, "%q is no URL such as https://example.org", line)
	}
	return nil
}

// option returns the value of an option by its label, its value or its number.
func (f *Field) option(name string) (string, bool) {
	for _, o := range f.Options {
		if strings.EqualFold(o.Label, name) || o.Value == name {
			return o.Value, true
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(f.Options) {
		return f.Options[n-1].Value, true
	}
	return "", false
}

// Said is how values of a field read: options by their labels.
func (f *Field) Said(values []string) string {
	said := make([]string, len(values))
	for i, value := range values {
		said[i] = value
		if n := slices.IndexFunc(f.Options, func(o Option) bool { return o.Value == value }); n >= 0 {
			said[i] = f.Options[n].Label
		}
		switch {
		case f.Kind == Toggle:
			said[i] = "yes"
		case f.Input == "password":
			said[i] = "…"
		}
	}
	return strings.Join(said, ", ")
}
