package restjson

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// parcel is a type described by tags. The zoo of internal/codegen has one of everything.
type parcel struct {
	To      string `name:"to" required:"true" len:"1:3" pattern:"^[a-z]+$"`
	Weights []int32
	Labels  map[string]string `len:":1" key.len:"2:" each.pattern:"^(?!x)"`
	Sent    *time.Time        `time:"date-time"`
	Inner   *parcel
}

func TestTaggedTypes(t *testing.T) {
	in := parcel{To: "me", Weights: []int32{1, 2}, Labels: map[string]string{"ab": "c"}, Sent: new(time.Unix(0, 0).UTC()), Inner: &parcel{To: "you"}}
	text := string(Marshal(&in))
	if want := `{"to":"me","Weights":[1,2],"Labels":{"ab":"c"},"Sent":"1970-01-01T00:00:00Z","Inner":{"to":"you"}}`; text != want {
		t.Errorf("written as %s; want %s", text, want)
	}
	var out parcel
	if err := Unmarshal([]byte(text), &out); err != nil || !reflect.DeepEqual(out, in) {
		t.Errorf("%s is read as %+v, %v", text, out, err)
	}
	if err := Validate(&in); err != nil {
		t.Errorf("Validate: %v", err)
	}
	in.Inner.To, in.Labels = "ME", map[string]string{"a": "x"}
	err := Validate(&in)
	for _, want := range []string{`Labels["a"]: must have at least 2 characters`, "Inner.to: must match the pattern ^[a-z]+$"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate: %v; want %s", err, want)
		}
	}
}

func TestMistakesOfTheProgram(t *testing.T) {
	for want, x := range map[string]any{
		"a restjson.parcel is not a pointer":     parcel{},
		"a *int is not a pointer to a structure": new(int),
		"no type of an API holds a chan int":     &struct{ C chan int }{},
		"a tag with a broken number": &struct {
			S string `len:"one:"`
		}{},
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, want) {
					t.Errorf("%T: %q; want %q", x, got, want)
				}
			}()
			Marshal(x)
		}()
	}
}
