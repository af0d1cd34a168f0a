// Command parley is a contact centre for chat that speaks Amazon Connect's
// APIs. Run it without arguments to see what it can do.
package main

import (
	"os"

	"parley.example/parley/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
