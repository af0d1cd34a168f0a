package flow

import (
	"errors"
	"fmt"
	"strings"
)

// Processor is a function through which the messages of a chat go before
// anybody sees them: it may change, let through or reject each.
type Processor struct {
	Function string `json:"function"`          // ARN or name
	Deliver  bool   `json:"deliver,omitempty"` // a message that could not be processed is shown as it was sent, else not at all
}

// MaxFunction is how long the name of a processor's function may be, in bytes: it
// stands in the state of every chat that has the processor.
const MaxFunction = 1024

// setProcessor is UpdateContactMediaProcessing: which function processes the
// messages that are sent from now on, for the rest of the chat. All of its
// parameters are static. A function that may not be used is an error and
// leaves the processor as it was.
type setProcessor struct {
	processor *Processor // nil switches processing off
}

func newSetProcessor(p params) (step, error) {
	of, err := p.members("ChatProcessor")
	if err != nil {
		return nil, err
	}
	enabled, err := of.literal("ProcessingEnabled")
	if err != nil {
		return nil, err
	}
	if !isTrue(enabled) {
		return setProcessor{}, nil
	}
	function, err := of.literal("LambdaProcessorARN")
	if err != nil {
		return nil, err
	}
	if function == "" {
		return nil, errors.New("ChatProcessor.LambdaProcessorARN is missing")
	}
	if len(function) > MaxFunction {
		return nil, errors.New("ChatProcessor.LambdaProcessorARN is too long")
	}
	settings, err := of.members("ChatProcessorSettings")
	if err != nil {
		return nil, err
	}
	deliver, err := settings.literal("DeliverUnprocessedMessages")
	if err != nil {
		return nil, err
	}
	return setProcessor{&Processor{Function: function, Deliver: isTrue(deliver)}}, nil
}

func (s setProcessor) run(m *machine, _ *action) result {
	if s.processor == nil {
		m.note("ProcessingEnabled", "False")
		m.c.Processor = nil
		return done
	}
	m.note("ProcessingEnabled", "True")
	m.note("LambdaProcessorARN", s.processor.Function)
	if err := m.lambdaAllowed(s.processor.Function); err != nil {
		return fail("%s", err)
	}
	m.c.Processor = s.processor
	return done
}

// checkProcessor: everything that is said of the processor is said literally.
func checkProcessor(v *validation, a *action) {
	const at = "Parameters.ChatProcessor"
	of, err := a.params.members("ChatProcessor")
	if err != nil {
		v.value(a, at, "must be an object")
		return
	}
	enabled, _ := of.literal("ProcessingEnabled")
	if enabled == "" {
		v.missing(a, at+".ProcessingEnabled")
	} else {
		v.truth(a, at+".ProcessingEnabled", enabled)
	}
	function, _ := of.literal("LambdaProcessorARN")
	switch {
	case strings.Contains(function, "$."):
		v.value(a, at+".LambdaProcessorARN", "must be static")
	case len(function) > MaxFunction:
		v.value(a, at+".LambdaProcessorARN", fmt.Sprintf("may have %d bytes", MaxFunction))
	case function == "" && isTrue(enabled):
		v.missing(a, at+".LambdaProcessorARN")
	}
	settings, err := of.members("ChatProcessorSettings")
	if err != nil {
		v.value(a, at+".ChatProcessorSettings", "must be an object")
		return
	}
	if deliver, _ := settings.literal("DeliverUnprocessedMessages"); deliver != "" {
		v.truth(a, at+".ChatProcessorSettings.DeliverUnprocessedMessages", deliver)
	}
}

// truth holds a nested parameter to True or False.
func (v *validation) truth(a *action, path, value string) {
	if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		v.value(a, path, fmt.Sprintf("must be True or False, not %q", clip(value)))
	}
}
