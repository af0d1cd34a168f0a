package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// asking is a flow that asks a bot of Lex and says how it ended.
const asking = `{"Version":"2019-10-30","StartAction":"bot","Actions":[
 {"Identifier":"bot","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"Hi","LexV2Bot":{"AliasArn":"arn:aws:lex:eu-west-2:123456789012:bot-alias/ABCDEFGHIJ/TSTALIASID"},"LexSessionAttributes":{"tier":"gold"}},
  "Transitions":{"NextAction":"bad","Conditions":[{"NextAction":"good","Condition":{"Operator":"Equals","Operands":["Book"]}}],
   "Errors":[{"NextAction":"bad","ErrorType":"NoMatchingCondition"},{"NextAction":"bad","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"good","Type":"MessageParticipant","Parameters":{"Text":"booked $.Lex.Slots.City"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bad","Type":"MessageParticipant","Parameters":{"Text":"bad"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"600"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// TestLexOfAWS holds a chat with a stand-in for the Lex V2 runtime, which the
// configuration of AWS SDKs names.
func TestLexOfAWS(t *testing.T) {
	var mu sync.Mutex // guards seen
	var seen []string
	lex := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Text         string
			SessionState struct{ SessionAttributes map[string]string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Errorf("the input: %v", err)
		}
		_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=AKIDTEST/")
		scope, _, _ = strings.Cut(scope, ",")
		_, scope, _ = strings.Cut(scope, "/") // the day comes first
		mu.Lock()
		seen = append(seen, r.URL.Path+" "+in.Text+" "+in.SessionState.SessionAttributes["tier"]+" "+scope)
		mu.Unlock()
		answer := `{"messages":[{"contentType":"PlainText","content":"Where to?"}],"sessionState":{"dialogAction":{"type":"ElicitSlot","slotToElicit":"City"},"intent":{"name":"Book","state":"InProgress","slots":{"City":null}}}}`
		if in.Text == "paris" {
			answer = `{"sessionState":{"dialogAction":{"type":"Close"},"intent":{"name":"Book","state":"ReadyForFulfillment","slots":{"City":{"value":{"originalValue":"paris","interpretedValue":"Paris"}}}}}}`
		}
		_, _ = w.Write([]byte(answer)) // the server may have given up
	}))
	defer lex.Close()
	home := t.TempDir()
	config := "[default]\nregion = eu-west-1\nservices = mine\n[services mine]\nlex_runtime_v2 =\n  endpoint_url = " + lex.URL + "\n"
	if err := os.WriteFile(filepath.Join(home, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "credentials"), []byte("[default]\naws_access_key_id = AKIDTEST\naws_secret_access_key = secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
		"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_REGION": "", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_LEX_RUNTIME_V2": "",
	} {
		t.Setenv(name, value)
	}
	s := servertest.Start(t, func(cfg *server.Config) { cfg.AWS = true })
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Asking", asking) })
	socket := chat.Socket()
	for i, said := range []string{"a trip", "paris"} {
		chat.Send(said)
		for len(chat.Texts()) < 2*i+3 {
			socket.Next()
		}
	}
	if texts, want := chat.Texts(), []string{"Hi", "a trip", "Where to?", "paris", "booked Paris"}; !slices.Equal(texts, want) {
		t.Errorf("the chat is %q; want %q", texts, want)
	}
	path := "/bots/ABCDEFGHIJ/botAliases/TSTALIASID/botLocales/en_US/sessions/" + chat.Contact + "/text "
	mu.Lock()
	defer mu.Unlock()
	if want := []string{path + "a trip gold eu-west-2/lex/aws4_request", path + "paris  eu-west-2/lex/aws4_request"}; !slices.Equal(seen, want) {
		t.Errorf("Lex was asked\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}
