package integration

import (
	"encoding/json"
	"fmt"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// maxInteractive is how many bytes an interactive message must stay below.
const maxInteractive = 20 << 10

// lexMessage is a message of RecognizeText.
type lexMessage struct {
	ContentType string `json:"contentType"` // PlainText, CustomPayload, SSML, ImageResponseCard
	Content     string `json:"content"`
	Card        *card  `json:"imageResponseCard"`
}

// card is an ImageResponseCard.
type card struct {
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle"`
	ImageURL string   `json:"imageUrl"`
	Buttons  []button `json:"buttons"`
}

type button struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// chatMessages converts a bot's messages into messages of a chat. A message whose
// content is the template of an interactive message becomes one, whatever its
// content type; a response card becomes a ListPicker, several in a row a
// Carousel. picks are the values of the cards' buttons.
func chatMessages(list []lexMessage) (out []machine.BotMessage, picks map[string]string, err error) {
	if len(list) > maxMessages {
		return nil, nil, &answerError{fmt.Sprintf("answered %d messages; a turn may have at most %d", len(list), maxMessages)}
	}
	for i := 0; i < len(list); {
		var cards []*card
		for ; i < len(list) && list[i].Card != nil; i++ {
			cards = append(cards, list[i].Card)
		}
		if len(cards) > 0 {
			picks = noteButtons(picks, cards)
			shown, err := showCards(cards)
			if err != nil {
				return nil, nil, err
			}
			out = append(out, shown...)
			continue
		}
		m := &list[i]
		i++
		if strings.TrimSpace(m.Content) == "" {
			continue // nothing to show
		}
		shown := machine.BotMessage{ContentType: center.PlainText, Content: m.Content}
		if isTemplate(m.Content) {
			shown.ContentType = center.Interactive
			if len(m.Content) >= maxInteractive {
				return nil, nil, errInteractive
			}
		}
		out = append(out, shown)
	}
	return out, picks, nil
}

var errInteractive = &answerError{"answered an interactive message of 20 KB or more"}

// isTemplate reports whether a text is the template of an interactive message:
// templateType, version and data. A view needs a token that no bot has.
func isTemplate(text string) bool {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return false
	}
	var t struct {
		Type    string                     `json:"templateType"`
		Version string                     `json:"version"`
		Data    map[string]json.RawMessage `json:"data"`
	}
	return json.Unmarshal([]byte(text), &t) == nil && t.Type != "" && t.Type != "ViewResource" && t.Version != "" && len(t.Data) > 0
}

// noteButtons adds the values of the cards' buttons.
func noteButtons(picks map[string]string, cards []*card) map[string]string {
	for _, c := range cards {
		for _, b := range c.Buttons {
			if picks == nil {
				picks = map[string]string{}
			}
			if picks[b.Text] = b.Value; b.Value == "" {
				picks[b.Text] = b.Text
			}
		}
	}
	return picks
}

// template is an interactive message.
type template struct {
	ID      string       `json:"templateIdentifier,omitempty"`
	Type    string       `json:"templateType"`
	Version string       `json:"version"`
	Data    templateData `json:"data"`
}

type templateData struct {
	Content content `json:"content"`
}

type content struct {
	Title     string `json:"title"`
	Subtitle  string `json:"subtitle,omitempty"`
	ImageType string `json:"imageType,omitempty"`
	ImageData string `json:"imageData,omitempty"`
	Elements  []any  `json:"elements"` // of type element, or template in a carousel
}

type element struct {
	Title string `json:"title"`
}

// maxCarousel is how many cards a Carousel may have; it needs two.
const maxCarousel = 5

// showCards converts consecutive response cards into messages. A card without
// buttons offers no choice and becomes text.
func showCards(cards []*card) ([]machine.BotMessage, error) {
	var out []machine.BotMessage
	var lists []template
	for _, c := range cards {
		if len(c.Buttons) == 0 {
			text := strings.TrimSpace(c.Title + "\n" + c.Subtitle)
			if text != "" {
				out = append(out, machine.BotMessage{ContentType: center.PlainText, Content: text})
			}
			continue
		}
		lists = append(lists, c.list())
	}
	for len(lists) > 0 {
		n := min(len(lists), maxCarousel)
		shown := lists[0]
		if n > 1 {
			shown = carousel(lists[:n])
		}
		lists = lists[n:]
		text, err := json.Marshal(shown)
		if err != nil {
			return nil, &answerError{"answered a response card that cannot be shown: " + quote(err.Error())}
		}
		if len(text) >= maxInteractive {
			return nil, errInteractive
		}
		out = append(out, machine.BotMessage{ContentType: center.Interactive, Content: string(text)})
	}
	return out, nil
}

func (c *card) list() template {
	t := template{Type: "ListPicker", Version: "1.0"}
	t.Data.Content = content{Title: c.Title, Subtitle: c.Subtitle}
	if c.ImageURL != "" {
		t.Data.Content.ImageType, t.Data.Content.ImageData = "URL", c.ImageURL
	}
	for _, b := range c.Buttons {
		t.Data.Content.Elements = append(t.Data.Content.Elements, element{b.Text})
	}
	return t
}

// carousel shows lists side by side, under the title of the first.
func carousel(lists []template) template {
	t := template{Type: "Carousel", Version: "1.0"}
	t.Data.Content.Title = lists[0].Data.Content.Title
	for i, l := range lists {
		l.ID = fmt.Sprintf("card%d", i+1)
		t.Data.Content.Elements = append(t.Data.Content.Elements, l)
	}
	return t
}
