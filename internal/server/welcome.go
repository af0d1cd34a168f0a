package server

import (
	"fmt"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/ui/console"
)

// Welcome returns what a server prints when it has started: its URL, and what to do next.
func (s *Server) Welcome(url string) string {
	var b strings.Builder
	where := "in memory"
	if s.Data != "" {
		where = "in " + s.place()
	}
	if !s.Dev {
		fmt.Fprintf(&b, "Parley is at %s, keeping its data %s.\n", url, where)
		b.WriteString(s.welcomeOperators())
		if s.firstKey != "" {
			fmt.Fprintf(&b, "A first access key was created; its secret is in %s. Store it safely, then delete the file.\n", s.firstKey)
		}
		return b.String()
	}
	fmt.Fprintf(&b, "Parley is at %s, in development mode, keeping its data %s.\n", url, where)
	fmt.Fprintf(&b, "%s\n", s.welcomeOperators())
	for _, way := range [][2]string{
		{"Chat in the browser", url + "/"},
		{"Chat in the terminal", CommandLine(s.Command, "chat", url)},
		{"Ask for a person", CommandLine(s.Command, "chat --agent", url)},
		{"Answer in the browser", url + console.Path},
		{"Answer in the terminal", CommandLine(s.Command, "agent", url) + ", in another one"},
		{"Agents sign in as", fmt.Sprintf("%s or %s, with the password %s, in the instance %s", catalog.DemoUserName, catalog.DemoSecondName, catalog.DemoPassword, catalog.DemoAlias)},
		{"A supervisor as", catalog.DemoSupervisor + ", with the same password"},
	} {
		fmt.Fprintf(&b, "  %-22s  %s\n", way[0], way[1])
	}
	fmt.Fprintf(&b, "\nOr with the AWS CLI, in another terminal:\n\n")
	fmt.Fprintf(&b, "  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n", url, s.Region)
	fmt.Fprintf(&b, "  aws connect start-chat-contact --instance-id %s \\\n", catalog.DemoInstance)
	fmt.Fprintf(&b, "    --contact-flow-id %s --participant-details DisplayName=Ana\n\n", catalog.DemoFlow)
	return b.String()
}

// CommandLine is how a verb of the program is called for the server at a URL.
func CommandLine(program, verb, url string) string {
	text := program + " " + verb
	if url != "http://"+DefaultListen {
		text += " --endpoint " + url
	}
	return text
}

func (s *Server) welcomeOperators() string {
	if s.adminURL == "" {
		return ""
	}
	return fmt.Sprintf("Metrics and health are at %s/metrics, /healthz and /readyz.\n", s.adminURL)
}
