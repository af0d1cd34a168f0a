//go:build !console

package console

import (
	"embed"
	"io/fs"
)

//go:embed unbuilt
var unbuiltFiles embed.FS

// built is a page that says that the console is not there.
var built = func() fs.FS {
	root, err := fs.Sub(unbuiltFiles, "unbuilt")
	if err != nil {
		panic(err) // the name is a valid one
	}
	return root
}()
