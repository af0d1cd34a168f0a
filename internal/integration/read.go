package integration

import "parley.example/parley/internal/flow/machine"

// ReadAnswer reads an answer of RecognizeText like those of bots, for tools that
// simulate a bot.
func ReadAnswer(text []byte) (machine.Answer, error) { return readTurn(text) }
