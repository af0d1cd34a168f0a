package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
)

// TestQuotasBySettings starts the command with a quota in each of the three ways in which it has
// settings, and makes flows by raw requests until one is refused. Without a setting the 101st flow of a
// suite of tests is taken.
func TestQuotasBySettings(t *testing.T) {
	basic := []string{"--dev", "--listen", "127.0.0.1:0", "--close-span", "10ms"}
	for _, c := range []struct {
		name string
		env  string
		args []string
		want int // flows that can be made, those of the demo included
	}{
		{"no setting", "", nil, 0},
		{"a flag", "", []string{"--quota", "flows=7"}, 7},
		{"one of several flags", "", []string{"--quota", "queues=3", "--quota", "flows=8"}, 8},
		{"by Amazon's name", "", []string{"--quota", "Contact flows per instance=6"}, 6},
		{"all of them", "", []string{"--quota", "all=9"}, 9},
		{"the environment", "queues=1,flows=10", nil, 10},
		{"a flag over the environment", "flows=10", []string{"--quota", "flows=11"}, 11},
		{"the file", "", []string{"--config", write(t, "parley.json", `{"quota":{"flows":12,"queues":3}}`)}, 12},
		{"the environment over the file", "flows=13", []string{"--config", write(t, "parley.json", `{"quota":{"flows":12}}`)}, 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.env != "" {
				t.Setenv("PARLEY_QUOTA", c.env)
			}
			url, _, errs, stop := serving(t, append(basic, c.args...)...)
			made := 0
			for range 102 {
				status, body := createFlow(t, url, fmt.Sprint("flow ", made))
				if status == http.StatusOK {
					made++
					continue
				}
				if want := fmt.Sprintf("quota of %d flows", c.want); status != http.StatusTooManyRequests || !strings.Contains(body, "LimitExceededException") || !strings.Contains(body, want) {
					t.Errorf("over the quota: %d %s; want 429 and the %s", status, body, want)
				}
				break
			}
			if refused := made < 102; refused != (c.want > 0) || refused && made >= c.want {
				t.Errorf("%d flows were made; want a quota of %d", made, c.want)
			}
			if status := stop(); status != 0 {
				t.Errorf("the status is %d\n%s", status, errs)
			}
		})
	}
}

// createFlow calls CreateContactFlow as curl would.
func createFlow(t *testing.T, url, name string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/contact-flows/"+catalog.DemoInstance, strings.NewReader(`{"Name":"`+name+`","Type":"CONTACT_FLOW",
		"Content":"{\"Version\":\"2019-10-30\",\"StartAction\":\"end\",\"Actions\":[{\"Identifier\":\"end\",\"Type\":\"DisconnectParticipant\",\"Parameters\":{},\"Transitions\":{}}]}"}`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
