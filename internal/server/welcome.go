package server

import (
	"fmt"
	"strings"

	"parley.example/parley/internal/catalog"
)

// Welcome returns what a server prints when it has started: its URL, and what to do next.
func (s *Server) Welcome(url string) string {
	var b strings.Builder
	where := "in memory"
	if s.Data != "" {
		where = "in " + s.Data
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
	fmt.Fprintf(&b, "  Chat in the browser    %s/\n", url)
	fmt.Fprintf(&b, "  Chat in the terminal   %s chat", s.Command)
	if url != "http://"+DefaultListen {
		fmt.Fprintf(&b, " --endpoint %s", url)
	}
	fmt.Fprintf(&b, "\n  Answer in the terminal %s agent", s.Command)
	if url != "http://"+DefaultListen {
		fmt.Fprintf(&b, " --endpoint %s", url)
	}
	fmt.Fprintf(&b, ", and ask for a person with %s chat --agent", s.Command)
	if url != "http://"+DefaultListen {
		fmt.Fprintf(&b, " --endpoint %s", url)
	}
	fmt.Fprintf(&b, "\n  Agents sign in as      %s, with the password %s, in the instance %s\n", catalog.DemoUserName, catalog.DemoPassword, catalog.DemoAlias)
	fmt.Fprintf(&b, "\nOr with the AWS CLI, in another terminal:\n\n")
	fmt.Fprintf(&b, "  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n", url, s.Region)
	fmt.Fprintf(&b, "  aws connect start-chat-contact --instance-id %s \\\n", catalog.DemoInstance)
	fmt.Fprintf(&b, "    --contact-flow-id %s --participant-details DisplayName=Ana\n\n", catalog.DemoFlow)
	return b.String()
}

func (s *Server) welcomeOperators() string {
	if s.adminURL == "" {
		return ""
	}
	return fmt.Sprintf("Metrics and health are at %s/metrics, /healthz and /readyz.\n", s.adminURL)
}
