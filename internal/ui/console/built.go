//go:build console

package console

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// built is what make console has written.
var built = func() fs.FS {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a valid one
	}
	return root
}()
