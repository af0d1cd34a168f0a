package iam

import (
	"encoding/json"
	"testing"
)

// FuzzParse reads whatever there is: what is accepted can be decided by and read again, and what
// is stored but cannot be evaluated allows nothing.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["connect:*"],"Resource":"*"}]}`,
		`{"Statement":{"Effect":"Deny","NotAction":"connect:List*","NotResource":"arn:aws:connect:*:*:instance/${aws:username, 'x'}/?","Condition":{}}}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:connect:*:*:instance/${aws:username, 'x'}${*}","Condition":
			{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*",1,true]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Null":{"aws:ResourceTag/a":true},
			"DateLessThan":{"aws:CurrentTime":"2026-11-30"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/${aws:username}"}}}]}`,
		`{"Statement":null}`, `[]`, ``, `{"Statement":[{"Effect":"Allow"`,
	} {
		f.Add([]byte(text), "connect:StopContact", queue, "ann")
	}
	f.Fuzz(func(t *testing.T, text []byte, action, resource, value string) {
		lookup := func(Key) ([]string, error) { return []string{value}, nil }
		p, err := Parse(text)
		if err == nil {
			d, _ := p.Decide(action, resource, []string{instance}, lookup)
			again, err := Parse([]byte(p.String()))
			if err != nil {
				t.Fatalf("%s is written as %s, which is refused: %v", text, p, err)
			}
			if e, _ := again.Decide(action, resource, []string{instance}, lookup); e != d {
				t.Errorf("%s decides %+v, and read again %+v", p, d, e)
			}
			return
		}
		var stored Policy
		if json.Unmarshal(text, &stored) != nil || stored.Check() == nil {
			return
		}
		if d, err := stored.Decide(action, resource, nil, lookup); err != nil || d.Allowed || !d.Denied {
			t.Errorf("%s cannot be evaluated, and decides %+v, %v", text, d, err)
		}
	})
}
