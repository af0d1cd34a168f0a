// Package zoo is a small API with one of everything the generator supports, blobs, documents and
// every place and format of a time included. It exists to be tested: what stands in this directory
// is what the generator must write, and its tests drive the result.
package zoo

//go:generate go run ../cmd -model zoo.json -package zoo
