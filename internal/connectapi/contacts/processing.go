package contacts

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
)

// StartContactMediaProcessing has the messages of a chat go through a function
// from now on, for the rest of the chat, as UpdateContactMediaProcessing does in
// a flow. All members are needed but FailureMode: without it a message that
// could not be processed is not delivered. Another processor is replaced.
func (s *Contacts) StartContactMediaProcessing(ctx context.Context, in *connect.StartContactMediaProcessingRequest) (*connect.StartContactMediaProcessingResponse, error) {
	function := wire.Text(in.ProcessorArn)
	if function == "" {
		return nil, center.Errorf(center.Invalid, "ProcessorArn: name the function that processes the messages")
	}
	if len(function) > flow.MaxFunction {
		return nil, center.Errorf(center.Invalid, "ProcessorArn has %d bytes; it may have %d", len(function), flow.MaxFunction)
	}
	processor := &flow.Processor{
		Function: function, Deliver: in.FailureMode == connect.ContactMediaProcessingFailureModeDELIVER_UNPROCESSED_MESSAGE,
	}
	if err := s.setProcessor(ctx, in.InstanceId, in.ContactId, processor); err != nil {
		return nil, err
	}
	return &connect.StartContactMediaProcessingResponse{}, nil
}

// StopContactMediaProcessing delivers the messages of a chat as they are sent
// from now on. One that has no processor stays as it is.
func (s *Contacts) StopContactMediaProcessing(ctx context.Context, in *connect.StopContactMediaProcessingRequest) (*connect.StopContactMediaProcessingResponse, error) {
	if err := s.setProcessor(ctx, in.InstanceId, in.ContactId, nil); err != nil {
		return nil, err
	}
	return &connect.StopContactMediaProcessingResponse{}, nil
}

func (s *Contacts) setProcessor(ctx context.Context, instance, ref *string, p *flow.Processor) error {
	for member, value := range map[string]*string{"InstanceId": instance, "ContactId": ref} {
		if value == nil {
			return center.Errorf(center.Invalid, "%s is missing", member)
		}
	}
	chat, _, err := s.chatOf(ctx, *instance, *ref)
	if err != nil {
		return err
	}
	_, err = s.Engine.Do(ctx, chat.ID, contact.SetProcessor{Processor: p})
	return wire.InMember("ProcessorArn", err)
}
