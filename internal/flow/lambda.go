package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Limits of InvokeLambdaFunction.
const (
	maxAnswer     = 32 << 10 // bytes an answer must stay below
	maxParameters = 256 << 10
	maxSync       = 8  // seconds
	maxAsync      = 60 // seconds
	// grace is how much longer than its time limit a call may take before the
	// flow stops waiting: the time in which its outcome becomes an event.
	grace = 2 * time.Second
	// acceptance is how long a flow waits for an asynchronous call to be
	// accepted. A Lambda says that at once; a plain HTTP function may only answer
	// when it is done, and the flow goes on meanwhile.
	acceptance = 3 * time.Second
)

// invoke is InvokeLambdaFunction: it starts a call and suspends the run until
// the outcome is there, or until an asynchronous call was accepted. A call that
// is refused is an error of either kind.
type invoke struct {
	function   template
	limit      template
	async      bool
	json       bool
	parameters []parameter
}

func newInvoke(p params) (step, error) {
	s := &invoke{}
	var err error
	if s.function, err = p.template("LambdaFunctionARN"); err != nil {
		return nil, err
	}
	if s.limit, err = p.template("InvocationTimeLimitSeconds"); err != nil {
		return nil, err
	}
	kind, err := p.literal("InvocationType")
	if err != nil {
		return nil, err
	}
	s.async = strings.EqualFold(kind, "ASYNCHRONOUS")
	if p.has("ResponseValidation") {
		inner, err := object(p["ResponseValidation"])
		if err != nil {
			return nil, errors.New("ResponseValidation is not an object")
		}
		form, err := params(inner).literal("ResponseType")
		if err != nil {
			return nil, err
		}
		s.json = strings.EqualFold(form, "JSON")
	}
	s.parameters, err = p.parameters("LambdaInvocationAttributes")
	return s, err
}

func (s *invoke) run(m *machine, _ *action) result {
	function, _ := s.function.text(m)
	m.note("FunctionArn", function)
	if function == "" {
		return fail("no function is named")
	}
	limit, problem := s.timeLimit(m)
	if problem != "" {
		return fail("%s", problem)
	}
	parameters, ok := s.resolve(m)
	if !ok {
		return fail("the parameters weigh more than %d bytes", maxParameters)
	}
	if m.c.Logging {
		m.noteAny("TimeLimit", limit.Milliseconds())
		m.noteAny("Parameters", parameters)
	}
	if err := m.lambdaAllowed(function); err != nil {
		return fail("%s", err)
	}
	call := &Invoke{ID: m.w.NewID(), Function: function, Async: s.async, TimeLimit: limit, Parameters: parameters, JSON: s.json}
	m.out.Effects = append(m.out.Effects, Effect{ID: call.ID, Invoke: call})
	wait := limit + grace
	if s.async {
		wait = acceptance
	}
	m.run.Wait = Wait{Kind: WaitEffect, Effect: call.ID, Until: m.w.Now.Add(wait)}
	return suspend
}

func (m *machine) lambdaAllowed(function string) error {
	if m.w.Facts == nil {
		return nil
	}
	return m.w.Facts.LambdaAllowed(function)
}

// timeLimit is how long the function may take: 8 seconds when nothing is said.
func (s *invoke) timeLimit(m *machine) (limit time.Duration, problem string) {
	text, _ := s.limit.text(m)
	if text == "" && s.limit.constant() {
		return maxSync * time.Second, ""
	}
	longest := maxSync
	if s.async {
		longest = maxAsync
	}
	seconds, ok := number(text)
	if !ok || seconds < 1 || seconds > longest {
		return 0, "InvocationTimeLimitSeconds is \"" + clip(text) + "\", which is no such number of seconds"
	}
	return time.Duration(seconds) * time.Second, ""
}

// resolve returns the parameters of the call: texts, or any JSON values when
// the action speaks JSON.
func (s *invoke) resolve(m *machine) (parameters map[string]any, ok bool) {
	if len(s.parameters) == 0 {
		return nil, true
	}
	parameters = make(map[string]any, len(s.parameters))
	size := 0
	for i := range s.parameters {
		p := &s.parameters[i]
		key, fits := p.key.text(m)
		v, ok := p.value.value(m)
		if !ok || !fits {
			return nil, false
		}
		if s.json {
			parameters[key] = v.any()
			size += len(key) + v.size()
		} else {
			text := v.text()
			parameters[key] = text
			size += len(key) + len(text)
		}
		if size > maxParameters {
			return nil, false
		}
	}
	return parameters, true
}

// resume takes the outcome of the call. A failed call leaves $.External as it was.
func (s *invoke) resume(m *machine, _ *action, ev Event) result {
	if s.async && ev.Err == "" {
		m.run.Data.Invocation = invocationID(m.waited.Effect, ev.Answer)
		return done
	}
	switch {
	case ev.Kind == EventTime:
		return fail("the function did not answer in time")
	case ev.Err != "":
		return fail("%s", ev.Err)
	}
	answer, err := checkAnswer(ev.Answer, s.json)
	if err != nil {
		return fail("%s", err)
	}
	m.keep(docExternal, answer)
	m.external = answer
	return done
}

// invocationID is the id that the service gave an asynchronous call, or the
// call's own while it gave none.
func invocationID(call string, answer json.RawMessage) string {
	var accepted struct {
		InvocationID string `json:"InvocationId"`
	}
	if json.Unmarshal(answer, &accepted) != nil || accepted.InvocationID == "" {
		return call
	}
	return accepted.InvocationID
}

// checkAnswer holds an answer to what the action expects and returns it in
// compact form. It copies: the run keeps nothing of the event.
func checkAnswer(raw json.RawMessage, anyJSON bool) (json.RawMessage, error) {
	if len(raw) >= maxAnswer {
		return nil, errors.New("the answer has 32 KB or more")
	}
	if err := nesting(raw); err != nil {
		return nil, errors.New("the answer nests too deep")
	}
	members, err := object(raw)
	if err != nil {
		return nil, errors.New("the answer is no JSON object")
	}
	if !anyJSON {
		for key, v := range members {
			if !isAnswerKey(key) {
				return nil, errors.New("the answer has the key \"" + clip(key) + "\": STRING_MAP allows letters, digits, \"-\" and \"_\"")
			}
			if len(v) == 0 || v[0] != '"' {
				return nil, errors.New("the answer's member " + clip(key) + " is not a text, as STRING_MAP wants it")
			}
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

func isAnswerKey(key string) bool {
	for i := range len(key) {
		if c := key[i]; !isNameByte(c, false, false) {
			return false
		}
	}
	return key != ""
}
