package catalog

// The demo instance and what a newcomer needs of it, under ids that never
// change, so that commands can be copied from the documentation.
const (
	DemoInstance = "11111111-1111-4111-8111-111111111111"
	DemoFlow     = "22222222-2222-4222-8222-222222222222" // "Parley demo"
	DemoQueue    = "33333333-3333-4333-8333-333333333333" // BasicQueue
	DemoAlias    = "parley-demo"
)
