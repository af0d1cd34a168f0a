package parley_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// publicModules are the modules that api and client may bring into the programs
// that use them: what signs requests and finds credentials, and nothing of the server.
var publicModules = []string{
	"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/credentials",
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds", "github.com/aws/aws-sdk-go-v2/internal/configsources",
	"github.com/aws/aws-sdk-go-v2/internal/endpoints/v2", "github.com/aws/aws-sdk-go-v2/internal/v4a",
	"github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding", "github.com/aws/aws-sdk-go-v2/service/internal/presigned-url",
	"github.com/aws/aws-sdk-go-v2/service/signin", "github.com/aws/aws-sdk-go-v2/service/sso", "github.com/aws/aws-sdk-go-v2/service/ssooidc",
	"github.com/aws/aws-sdk-go-v2/service/sts", "github.com/aws/smithy-go", "github.com/google/uuid",
}

// TestPublicPackagesStandAlone looks at everything that a program which uses
// api or client is built from: public packages, what is shared with them, and the
// modules above.
func TestPublicPackagesStandAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Module.Path}}{{end}}", "./api/...", "./client/...").Output()
	if err != nil {
		t.Fatalf("go list -deps: %v", err)
	}
	used := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, from, _ := strings.Cut(strings.TrimSpace(line), " ")
		used[from] = true
		if name, floor, ours := locate(path); ours && floor != -1 && !slices.Contains(shared, name) {
			t.Errorf("api or client are built from %s: they may use public packages, and what is shared with them", path)
		} else if !ours && !slices.Contains(publicModules, from) {
			t.Errorf("api or client are built from %s, of the module %s: it is not one of publicModules", path, from)
		}
	}
	for _, m := range publicModules {
		if !used[m] {
			t.Errorf("api and client use nothing of %s: take it off the list of publicModules", m)
		}
	}
}
