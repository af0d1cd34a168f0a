package machine

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"parley.example/parley/internal/flow"
)

// maxParameters bounds the parameters of a call, in bytes.
const maxParameters = 256 << 10

// acceptance is how long a flow waits for an asynchronous call to be accepted. A
// Lambda says that at once; a plain HTTP function may only answer when it is
// done, and the flow goes on meanwhile.
const acceptance = 3 * time.Second

// runInvoke is InvokeLambdaFunction: it starts a call and suspends the run until
// the outcome is there, or until an asynchronous call was accepted. A call that
// is refused is an error of either kind.
func runInvoke(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.InvokeArgs)
	function, _ := m.text(&s.Function)
	m.note("FunctionArn", function)
	if function == "" {
		return fail("no function is specified")
	}
	limit, problem := invokeLimit(m, s)
	if problem != "" {
		return fail("%s", problem)
	}
	parameters, ok := invokeParameters(m, s)
	if !ok {
		return fail("the parameters exceed %d bytes in total", maxParameters)
	}
	if m.c.Logging {
		m.noteAny("TimeLimit", limit.Milliseconds())
		m.noteAny("Parameters", parameters)
	}
	if err := m.lambdaAllowed(function); err != nil {
		return fail("%s", err)
	}
	call := &Invoke{ID: m.w.NewID(), Function: function, Async: s.Async, TimeLimit: limit, Parameters: parameters, JSON: s.JSON}
	m.out.Effects = append(m.out.Effects, Effect{ID: call.ID, Invoke: call})
	wait := limit + grace
	if s.Async {
		wait = acceptance
	}
	m.run.Wait = Wait{Kind: WaitEffect, Effect: call.ID, Until: m.w.Now.Add(wait)}
	return suspend
}

// invokeLimit is how long the function may take: 8 seconds when nothing is said.
func invokeLimit(m *machine, s *flow.InvokeArgs) (limit time.Duration, problem string) {
	text, _ := m.text(&s.Limit)
	if s.Limit.Empty() {
		return flow.MaxSync * time.Second, ""
	}
	longest := flow.MaxSync
	if s.Async {
		longest = flow.MaxAsync
	}
	seconds, ok := flow.Number(text)
	if !ok || seconds < 1 || seconds > longest {
		return 0, "InvocationTimeLimitSeconds is \"" + flow.Clip(text) + "\", not a number of seconds from 1 to " + strconv.Itoa(longest)
	}
	return time.Duration(seconds) * time.Second, ""
}

// invokeParameters returns the parameters of the call: texts, or any JSON values when
// the action speaks JSON.
func invokeParameters(m *machine, s *flow.InvokeArgs) (parameters map[string]any, ok bool) {
	if len(s.Parameters) == 0 {
		return nil, true
	}
	parameters = make(map[string]any, len(s.Parameters))
	size := 0
	for i := range s.Parameters {
		p := &s.Parameters[i]
		key, fits := m.text(&p.Key)
		v, ok := m.tree(&p.Value)
		if !ok || !fits {
			return nil, false
		}
		if s.JSON {
			parameters[key] = v.Any()
			size += len(key) + v.Size()
		} else {
			text := v.Text()
			parameters[key] = text
			size += len(key) + len(text)
		}
		if size > maxParameters {
			return nil, false
		}
	}
	return parameters, true
}

// resumeInvoke takes the outcome of the call. A failed call leaves $.External as it was.
func resumeInvoke(m *machine, a *flow.Action, ev Event) result {
	s := a.Args.(*flow.InvokeArgs)
	if s.Async && ev.Err == "" {
		m.run.Data.Invocation = invocationID(m.waited.Effect, ev.Answer)
		return done
	}
	switch {
	case ev.Kind == EventTime:
		return fail("the function did not answer in time")
	case ev.Err != "":
		return fail("%s", ev.Err)
	}
	answer, err := checkAnswer(ev.Answer, s.JSON)
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
	if err := flow.Nesting(raw); err != nil {
		return nil, errors.New("the answer is nested too deeply")
	}
	members, err := flow.Object(raw)
	if err != nil {
		return nil, errors.New("the answer is not a JSON object")
	}
	if !anyJSON {
		for key, v := range members {
			if !isAnswerKey(key) {
				return nil, errors.New("the answer has the key \"" + flow.Clip(key) + "\": STRING_MAP allows letters, digits, \"-\" and \"_\"")
			}
			if len(v) == 0 || v[0] != '"' {
				return nil, errors.New("the answer's member " + flow.Clip(key) + " is not a string, as STRING_MAP requires")
			}
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

// isAnswerKey reports whether a key is of the characters that STRING_MAP allows.
func isAnswerKey(key string) bool {
	for i := range len(key) {
		switch c := key[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return key != ""
}
