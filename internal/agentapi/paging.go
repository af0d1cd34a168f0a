package agentapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"parley.example/parley/internal/center"
)

// maxPage is how many a page has when nothing is said.
const maxPage = 100

// pageOf is how many a page has (MaxResults).
func pageOf(limit *int32) int {
	if limit == nil {
		return maxPage
	}
	return int(*limit)
}

// tokenOf is the NextToken of a page whose last is at a place.
func tokenOf(place any) string {
	text, err := json.Marshal(place)
	if err != nil {
		panic(fmt.Sprintf("agentapi: a place does not encode: %v", err)) // only strings and times
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// fromToken reads the place where a page begins; nil is the beginning.
func fromToken(token *string, place any) error {
	if token == nil {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || json.Unmarshal(text, place) != nil {
		return center.Errorf(center.Invalid, "NextToken is not one that was given out")
	}
	return nil
}
