package bustest

import (
	"testing"

	"parley.example/parley/internal/bus"
)

func TestLocalKeepsTheContract(t *testing.T) {
	Run(t, func(*testing.T) Nodes {
		var l bus.Local
		return Nodes{A: &l, B: &l}
	})
}

func TestLinkKeepsTheContract(t *testing.T) {
	Run(t, func(*testing.T) Nodes {
		var l bus.Local
		return Nodes{A: &Link{Bus: &l}, B: &Link{Bus: &l}}
	})
}
