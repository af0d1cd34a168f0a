package cli

import (
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server/servertest"
)

// TestAgentCompany: the users of the demo, as it is, invite each other, hand chats over, say what is often said, and are monitored.
func TestAgentCompany(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	boss := s.SignIn(t, catalog.DemoSupervisor, catalog.DemoPassword)
	if _, err := s.Agent.CreateQuickResponse(t.Context(), &agent.CreateQuickResponseRequest{SessionToken: boss.Token, Name: "Discount", Content: "With {{Attributes.code}} it costs less"}); err != nil {
		t.Fatal(err)
	}
	sit := func(name string) *talker {
		k := speak(t, "agent", "--endpoint", s.URL, "--name", name, "--status", "Offline")
		k.out.wait(t, "-- you are Offline")
		return k
	}
	dana := speak(t, "agent", "--endpoint", s.URL)
	dana.out.wait(t, "-- you are Available")
	eli, sam := sit(catalog.DemoSecondName), sit(catalog.DemoSupervisor)
	ana := talk(t, "--endpoint", s.URL, "--agent")
	dana.say("/accept")
	dana.out.wait(t, "-- accepted: Ana")

	dana.say("/quick")
	dana.out.wait(t, "-- 2: Goodbye (bye): ")
	dana.say("/quick 1")
	dana.out.wait(t, "-- not sent: {{Attributes.code}} has no value in this chat")
	dana.say("/quick hello")
	dana.out.wait(t, "-- 1: Greeting")
	dana.say("/quick 1")
	ana.out.wait(t, "Dana: Hello Ana, this is Dana. How can I help?")

	sam.say("/barge")
	sam.out.wait(t, "-- you monitor no chat; /monitor lists those there are")
	sam.say("/monitor")
	sam.out.wait(t, "-- 1: Ana with Dana, for ")
	sam.say("/monitor 1")
	sam.out.wait(t, "[1] -- you monitor Ana with Dana: nobody sees you before you /barge in; /end leaves")
	sam.out.wait(t, "Dana: Hello Ana, this is Dana. How can I help?")
	sam.say("psst")
	sam.out.wait(t, "-- not sent: you monitor chat 1 in silence; /barge first")
	sam.say("/chats")
	sam.out.wait(t, "[1] -- Ana with Dana is monitored, in view")
	sam.say("/info")
	sam.out.wait(t, "supervisor Sam (you), silent monitor of Dana")
	sam.say("/barge")
	sam.say("good day to you both")
	ana.out.wait(t, "Sam: good day to you both")
	sam.say("/silent")
	sam.say("/silent") // which changes nothing
	sam.say("/end")
	sam.out.wait(t, "-- you do not monitor Ana with Dana any more")
	sam.say("/quit")

	dana.say("/invite")
	dana.out.wait(t, "-- 1: Eli, the agent Eli, Offline")
	dana.say("/invite eli")
	dana.out.wait(t, "-- InvalidStateException: ") // Eli is not there
	eli.say("/status Available")
	eli.out.wait(t, "-- you are Available")
	dana.say("/cancel")
	dana.out.wait(t, "-- nobody is invited, and nothing is being transferred")
	dana.say("/invite eli")
	eli.out.wait(t, "-- rings: Ana")
	dana.say("/end")
	dana.out.wait(t, "nobody else is there")
	dana.say("/cancel")
	eli.out.wait(t, "-- cleared: Ana")
	dana.say("/transfer")
	dana.out.wait(t, "-- 1: Back to the queue")
	dana.say("/transfer nowhere")
	dana.out.wait(t, `-- there is no quick connect "nowhere"; /transfer lists them`)
	dana.say("/transfer 2")
	dana.out.wait(t, "-- transferring: Eli; until that is reached you go on, and may /cancel")
	dana.out.wait(t, "-- handed over")
	dana.out.wait(t, "-- over for you")
	dana.say("/quit")
	eli.say("/accept")
	eli.say("I am Eli")
	ana.out.wait(t, "Eli: I am Eli")
	eli.say("/end")
	eli.say("/clear")
	eli.say("/quit")
	for name, k := range map[string]*talker{"dana": dana, "eli": eli, "sam": sam, "ana": ana} {
		if k.status(); k.errs.String() != "" {
			t.Errorf("%s: %s", name, k.errs)
		}
	}
	once(t, eli.out.String(), "Dana: Hello Ana, this is Dana. How can I help?", "Sam: good day to you both", "Eli: I am Eli")
}
