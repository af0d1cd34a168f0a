package flow

import (
	"embed"
	"strings"
)

//go:embed defaults/*.json
var defaultFiles embed.FS

// Default is a flow that every new instance comes with.
type Default struct {
	Name    string
	Type    string // as CreateContactFlow takes it
	Content []byte
}

// defaults lists the files, in the order in which an instance gets them.
var defaults = []struct{ name, typ, file string }{
	{"Default customer queue", "CUSTOMER_QUEUE", "customer_queue"},
	{"Default customer hold", "CUSTOMER_HOLD", "customer_hold"},
	{"Default agent hold", "AGENT_HOLD", "agent_hold"},
	{"Default agent whisper", "AGENT_WHISPER", "agent_whisper"},
	{"Default customer whisper", "CUSTOMER_WHISPER", "customer_whisper"},
	{"Default outbound", "OUTBOUND_WHISPER", "outbound"},
	{"Default agent transfer", "AGENT_TRANSFER", "agent_transfer"},
	{"Default queue transfer", "QUEUE_TRANSFER", "queue_transfer"},
	{"Sample disconnect flow", "CONTACT_FLOW", "sample_disconnect"},
	{"Sample inbound flow (first contact experience)", "CONTACT_FLOW", "sample_inbound"},
	{DemoName, "CONTACT_FLOW", "parley_demo"},
	{DemoQueueName, "CUSTOMER_QUEUE", "parley_queue"},
	{DemoWaitingName, "CONTACT_FLOW", "parley_waiting"},
	{DemoViewsName, "CONTACT_FLOW", "parley_views"},
}

// The flows of the demo instance alone.
const (
	// DemoName is the flow that a newcomer's first chat runs: it greets the
	// customer, answers ten messages and says goodbye.
	DemoName = "Parley demo"
	// DemoWaitingName puts the customer into a queue, where DemoQueueName tells him
	// where he stands.
	DemoWaitingName = "Parley demo with a queue"
	DemoQueueName   = "Parley demo queue"
	// DemoViewsName shows the views that come with the service, a form among them.
	DemoViewsName = "Parley demo with views"
)

// Demo reports whether only the demo instance has the flow.
func (d *Default) Demo() bool {
	return strings.HasPrefix(d.Name, DemoName)
}

// Defaults returns the flows of a new instance: those that Amazon Connect
// creates, and those of the demo. Each call returns contents of its own.
func Defaults() []Default {
	list := make([]Default, 0, len(defaults))
	for _, d := range defaults {
		content, err := defaultFiles.ReadFile("defaults/" + d.file + ".json")
		if err != nil {
			panic("flow: " + err.Error()) // the files are part of the program
		}
		list = append(list, Default{Name: d.name, Type: d.typ, Content: content})
	}
	return list
}
