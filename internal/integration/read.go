package integration

import "parley.example/parley/internal/flow/machine"

// ReadAnswer reads an answer of RecognizeText, as bots are heard, for tools
// that play a bot.
func ReadAnswer(text []byte) (machine.Answer, error) { return readTurn(text) }
