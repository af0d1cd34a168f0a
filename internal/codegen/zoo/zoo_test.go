package zoo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/codegen/zoo/tagged"
)

// keeper is a service that keeps the inputs it gets.
type keeper struct {
	Unimplemented
	fed  *FeedAnimalRequest
	list *ListAnimalsRequest
}

func (k *keeper) FeedAnimal(_ context.Context, in *FeedAnimalRequest) (*Animal, error) {
	k.fed = in
	return nil, nil
}

func (k *keeper) ListAnimals(_ context.Context, in *ListAnimalsRequest) (*ListAnimalsResponse, error) {
	k.list = in
	return &ListAnimalsResponse{}, nil
}

func (k *keeper) CloseZoo(context.Context, *CloseZooRequest) (*CloseZooResponse, error) {
	return &CloseZooResponse{}, nil
}

// do sends a request as it stands and returns the status and the body. It sends it to the twin as
// well, which must be handed the same and answer the same.
func (k *keeper) do(t *testing.T, method, target, body string, header ...string) (int, string) {
	t.Helper()
	status, answer := send(t, NewHandler(k, restjson.HandlerOptions{}), method, target, body, header)
	other := &twin{}
	if s, a := send(t, tagged.NewHandler(other, restjson.HandlerOptions{}), method, target, body, header); s != status || a != answer {
		t.Fatalf("%s %s %s: %d %s; by tags %d %s", method, target, body, status, answer, s, a)
	}
	if fed, list := same[FeedAnimalRequest](t, other.fed), same[ListAnimalsRequest](t, other.list); fed != nil && !reflect.DeepEqual(fed, k.fed) || list != nil && !reflect.DeepEqual(list, k.list) {
		t.Fatalf("%s %s %s is %+v %+v; by tags %+v %+v", method, target, body, k.fed, k.list, fed, list)
	}
	return status, answer
}

func send(t *testing.T, handler http.Handler, method, target, body string, header []string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://zoo.test"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := restjson.InProcess(handler).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// feed sends a body that is right except for the members given.
func (k *keeper) feed(t *testing.T, body string) (int, string) {
	t.Helper()
	k.fed = nil
	return k.do(t, "PUT", "/animals/Leo/meals/1", body, "X-Zoo-Keeper", "Ann")
}

func message(t *testing.T, body string) string {
	t.Helper()
	var e struct{ Message string }
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return e.Message
}

func TestBodyThatIsAccepted(t *testing.T) {
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	air := func(food *Food) *FeedAnimalRequest {
		return &FeedAnimalRequest{Name: "Leo", Count: 1, Keeper: "Ann", Food: food}
	}
	with := func(change func(*FeedAnimalRequest)) *FeedAnimalRequest {
		x := air(&Food{Air: new(true)})
		change(x)
		return x
	}
	for name, c := range map[string]struct {
		body string
		want *FeedAnimalRequest
	}{
		"white space":             {" {\n\t\"Food\" : { \"Air\" : true } }\r\n ", air(&Food{Air: new(true)})},
		"unknown members":         {`{"X":[1,{"Y":[null,-1.5e+3,"\u00e9"]},true],"Food":{"Air":true,"__type":"F","New":{}},"Z":null}`, air(&Food{Air: new(true)})},
		"null is absence":         {`{"Notes":null,"ClientToken":null,"Food":{"Milk":null,"Air":true}}`, air(&Food{Air: new(true)})},
		"the last of two":         {`{"ClientToken":"a","Food":{"Milk":1},"ClientToken":"b","Food":{"Air":true}}`, with(func(x *FeedAnimalRequest) { x.ClientToken = new("b") })},
		"an escaped member name":  {`{"\u0046ood":{"A\u0069r":true}}`, air(&Food{Air: new(true)})},
		"escapes":                 {`{"ClientToken":"\"\\\/\b\f\n\r\t\u00e9\ud834\udd1e","Food":{"Air":true}}`, with(func(x *FeedAnimalRequest) { x.ClientToken = new("\"\\/\b\f\n\r\té𝄞") })},
		"lone surrogates":         {`{"ClientToken":"\ud834|\udd1e|\ud834\u0041","Food":{"Air":true}}`, with(func(x *FeedAnimalRequest) { x.ClientToken = new("\ufffd|\ufffd|\ufffdA") })},
		"broken UTF-8":            {"{\"ClientToken\":\"a\xffb\xe2\x82\",\"Food\":{\"Air\":true}}", with(func(x *FeedAnimalRequest) { x.ClientToken = new("a\ufffdb\ufffd\ufffd") })},
		"a document":              {`{"Notes":{"a": [1, 2]},"Food":{"Air":true}}`, with(func(x *FeedAnimalRequest) { x.Notes = json.RawMessage(`{"a": [1, 2]}`) })},
		"a blob":                  {`{"Photo":"/wA+","Food":{"Air":true}}`, with(func(x *FeedAnimalRequest) { x.Photo = []byte{0xff, 0, 0x3e} })},
		"an integer as 5.0":       {`{"Food":{"Meat":{"Grams":5.0,"from":"here"}}}`, air(&Food{Meat: &Meat{Grams: 5, Origin: new("here")}})},
		"the largest integer":     {`{"Food":{"Meat":{"Grams":9223372036854775807}}}`, air(&Food{Meat: &Meat{Grams: 9223372036854775807}})},
		"a number with exponent":  {`{"Food":{"Milk":-25e-1}}`, air(&Food{Milk: new(-2.5)})},
		"an enum in a union":      {`{"Food":{"Taste":"so-so"}}`, air(&Food{Taste: MoodSO_SO})},
		"seconds":                 {`{"Food":{"At":1769850000}}`, air(&Food{At: &at})},
		"seconds with a fraction": {`{"Food":{"At":1769850000.1234567891}}`, air(&Food{At: new(at.Add(123456789))})},
		"seconds with exponent":   {`{"Food":{"At":1.76985e9}}`, air(&Food{At: &at})},
		"before 1970":             {`{"Food":{"At":-0.5}}`, air(&Food{At: new(time.Unix(-1, 500_000_000).UTC())})},
		"a list":                  {`{"Food":{"Plants":["é","b"]}}`, air(&Food{Plants: []string{"é", "b"}})},
		"a map of nested lists":   {`{"Food":{"Menu":{"HAPPY":[["a"],["b","c"]],"so-so":[]}}}`, air(&Food{Menu: map[Mood][][]string{MoodHAPPY: {{"a"}, {"b", "c"}}, MoodSO_SO: {}}})},
		"an empty map is kept":    {`{"Food":{"Menu":{}}}`, air(&Food{Menu: map[Mood][][]string{}})},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{}
			status, answer := k.feed(t, c.body)
			if status != 200 || answer != "{}" {
				t.Fatalf("%d %s", status, answer)
			}
			if !reflect.DeepEqual(k.fed, c.want) {
				got, want := restjson.Marshal(k.fed), restjson.Marshal(c.want)
				t.Fatalf("the service got %s; want %s", got, want)
			}
		})
	}
}

func TestBodyThatIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for name, c := range map[string]struct{ body, want string }{
		"no body":                     {"", "1 validation error: Food: is required"},
		"null":                        {"null", "1 validation error: expected an object, found null"},
		"a list":                      {"[]", "1 validation error: expected an object, found a list"},
		"not JSON":                    {"Food=1", "1 validation error: broken JSON at byte 0: expected a value"},
		"text after the value":        {`{"Food":{"Air":true}}x`, "broken JSON at byte 21: unexpected text after the value"},
		"cut short":                   {`{"Food":{"Air":true}`, "the JSON text ends too early: expected a comma or '}'"},
		"cut in a string":             {`{"Food":{"Plants":["a`, "the JSON text ends too early: a string without its closing quote (in Food.Plants[0])"},
		"no comma":                    {`{"Food":{"Air":true} "X":1}`, `broken JSON at byte 21: expected a comma or '}' (in Food)`},
		"a comma too many":            {`{"Food":{"Air":true},}`, "expected a member name in quotes"},
		"a comma in a list":           {`{"Food":{"Plants":["a",]}}`, "expected a value (in Food.Plants[1])"},
		"no colon":                    {`{"Food" {"Air":true}}`, "expected a colon after a member name"},
		"a bad escape":                {`{"ClientToken":"\x"}`, "an escape that JSON does not know (in ClientToken)"},
		"a bad code":                  {`{"ClientToken":"\u12G4"}`, "an escape that JSON does not know"},
		"a bare newline":              {"{\"ClientToken\":\"a\nb\"}", "a control character in a string"},
		"a newline after an escape":   {"{\"ClientToken\":\"\\t\nb\"}", "a control character in a string"},
		"a leading zero":              {`{"Food":{"Milk":01}}`, "broken JSON"},
		"a bare fraction":             {`{"Food":{"Milk":1.}}`, "a number with a digit missing"},
		"a wrong word":                {`{"Food":{"Air":True}}`, "broken JSON"},
		"too deep":                    {`{"X":` + deep + `}`, "nested more than 128 levels deep"},
		"too many elements":           {`{"Food":{"Plants":[` + strings.Repeat(`"",`, 66_000) + `""]}}`, "more than 65536 elements"},
		"a string for a structure":    {`{"Food":"x"}`, "1 validation error: Food: expected an object, found a string"},
		"a number for a string":       {`{"Food":{"Plants":[1]}}`, "Food.Plants[0]: expected a string, found a number"},
		"an object for a boolean":     {`{"Food":{"Air":{"a":[1]}}}`, "Food.Air: expected a boolean, found an object"},
		"a string for a number":       {`{"Food":{"Milk":"1"}}`, "Food.Milk: expected a number, found a string"},
		"a boolean for a number":      {`{"Food":{"Meat":{"Grams":true}}}`, "Food.Meat.Grams: expected a whole number, found a boolean"},
		"a fraction for an integer":   {`{"Food":{"Meat":{"Grams":1.5}}}`, "Food.Meat.Grams: expected a whole number, found a fraction"},
		"an exponent for an integer":  {`{"Food":{"Meat":{"Grams":1e3}}}`, "without an exponent"},
		"an integer too large":        {`{"Food":{"Meat":{"Grams":9223372036854775808}}}`, "does not fit into 64 bits"},
		"a number too large":          {`{"Food":{"Milk":1e999}}`, "Food.Milk: the number is too large"},
		"a string for a list":         {`{"Food":{"Plants":"a"}}`, "Food.Plants: expected a list, found a string"},
		"a list for a map":            {`{"Food":{"Menu":[]}}`, "Food.Menu: expected an object, found a list"},
		"a string for a time":         {`{"Food":{"At":"2026-01-31T09:00:00Z"}}`, "Food.At: expected a number of seconds since 1970, found a string"},
		"a time in milliseconds":      {`{"Food":{"At":1769850000000}}`, "Food.At: the time is not between the years 1 and 9999"},
		"a blob that is not base64":   {`{"Photo":"%%%"}`, "Photo: expected base64"},
		"a blob that is not a string": {`{"Photo":7}`, "Photo: expected a string of base64, found a number"},
		"null in a list":              {`{"Food":{"Plants":["a",null]}}`, "Food.Plants[1]: must not be null"},
		"null in a map":               {`{"Food":{"Menu":{"HAPPY":null}}}`, `Food.Menu["HAPPY"]: must not be null`},
		"several of them":             {`{"Food":{"Air":1},"ClientToken":2}`, "2 validation errors: Food.Air: expected a boolean, found a number; ClientToken: expected a string, found a number"},
		"a union with none":           {`{"Food":{}}`, "1 validation error: Food: must have exactly one member set, has 0"},
		"a union with two":            {`{"Food":{"Air":true,"Milk":1}}`, "Food: must have exactly one member set, has 2"},
		"a union with a stranger":     {`{"Food":{"Fire":1}}`, "Food: must have exactly one member set, has 0"},
		"a member inside missing":     {`{"Food":{"Meat":{}}}`, "1 validation error: Food.Meat.Grams: is required"},
		"a number too small":          {`{"Food":{"Meat":{"Grams":0}}}`, "Food.Meat.Grams: must be at least 1"},
		"a list too long":             {`{"Food":{"Plants":["a","b","c","d"]}}`, "Food.Plants: must have at most 3 elements, has 4"},
		"a list too short":            {`{"Food":{"Plants":[]}}`, "Food.Plants: must have at least 1 element, has 0"},
		"a string too long":           {`{"Food":{"Plants":["ééééééééé"]}}`, "Food.Plants[0]: must have at most 8 characters, has 9"},
		"a string too short":          {`{"Food":{"Air":true},"Secret":"abc"}`, "1 validation error: Secret: must have at least 4 characters, has 3"},
		"a pattern":                   {`{"Food":{"Plants":["zoo:a"]}}`, `Food.Plants[0]: must match the pattern ^(?!zoo:)[\S]+$`},
		"an enum":                     {`{"Food":{"Taste":"sweet"}}`, "Food.Taste: must be one of HAPPY, so-so"},
		"an enum as a key":            {`{"Food":{"Menu":{"sad":[]}}}`, `Food.Menu["sad"]: must be one of HAPPY, so-so`},
		"deep inside a map":           {`{"Food":{"Menu":{"HAPPY":[["a"],[""]]}}}`, `Food.Menu["HAPPY"][1][0]: must have at least 1 character, has 0`},
		"a blob too large":            {`{"Food":{"Air":true},"Photo":"AAAAAAA="}`, "Photo: must have at most 4 bytes, has 5"},
		"more than ten":               {`{"Food":{"Menu":{"HAPPY":[["","",""],["","",""],["","",""],["","",""]]}}}`, "; and more"},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{}
			status, answer := k.feed(t, c.body)
			if got := message(t, answer); status != 400 || !strings.Contains(got, c.want) {
				t.Fatalf("%d %s\nwant 400 %s", status, got, c.want)
			}
			if !strings.Contains(answer, `"__type":"ValidationException"`) || k.fed != nil {
				t.Fatalf("answer %s, service called: %t", answer, k.fed != nil)
			}
		})
	}
}

func TestMembersOutsideTheBody(t *testing.T) {
	const body = `{"Food":{"Air":true}}`
	for _, c := range []struct {
		method, target string
		header         []string
		want           string // a part of the message; "" for success
	}{
		{"PUT", "/animals/Leo/meals/9", []string{"x-zoo-keeper", "Ann"}, ""},
		{"PUT", "/animals/a%2Fb%20%2B/meals/9", []string{"X-Zoo-Keeper", "Ann"}, "Name: must match the pattern"},
		{"PUT", "/animals/Leo/meals/9", nil, "1 validation error: Keeper: is required"},
		{"PUT", "/animals/Leo/meals/x", []string{"X-Zoo-Keeper", "Ann"}, "Count: expected a whole number of 32 bits"},
		{"PUT", "/animals/Leo/meals/10", []string{"X-Zoo-Keeper", "Ann"}, "Count: must be at most 9"},
		{"PUT", "/animals/Leo/meals/9", []string{"X-Zoo-Keeper", "Ann", "X-Zoo-Rush", "yes"}, "Rush: expected true or false"},
		{"PUT", "/animals/Leo/meals/9", []string{"X-Zoo-Keeper", "Ann", "X-Zoo-Since", "today"}, "Since: expected a time like Sat, 31 Jan 2026 09:00:00 GMT"},
		{"PUT", "/animals/Leo/meals/9", []string{"X-Zoo-Keeper", "Ann", "X-Zoo-Mood", "sad"}, "Mood: must be one of"},
		{"GET", "/animals?until=1&name=a&name=b", nil, ""},
		{"GET", "/animals?until=1", nil, "1 validation error: Names: is required"},
		{"GET", "/animals?name=a", nil, "1 validation error: Until: is required"},
		{"GET", "/animals?name=a&until=x", nil, "Until: expected a number of seconds since 1970"},
		{"GET", "/animals?name=a&until=1&limit=1.5", nil, "Limit: expected a whole number of 64 bits"},
		{"GET", "/animals?name=a&until=1&mood=HAPPY&mood=sad", nil, "Moods[1]: must be one of"},
		{"GET", "/animals?name=a&until=1&from=2026-01-31", nil, "From: expected a time like 2026-01-31T09:00:00Z"},
		{"GET", "/animals?name=%zz&until=1", nil, "the query string is not properly encoded"},
		{"GET", "/animals?name=a&until=1&hungry=1", nil, "Hungry: expected true or false"},
	} {
		status, answer := (&keeper{}).do(t, c.method, c.target, body, c.header...)
		if c.want == "" {
			if status != 200 {
				t.Errorf("%s %s: %d %s", c.method, c.target, status, answer)
			}
			continue
		}
		if got := message(t, answer); status != 400 || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %d %s; want %s", c.method, c.target, status, got, c.want)
		}
	}
}

func TestListQueryValues(t *testing.T) {
	k := &keeper{}
	status, answer := k.do(t, "GET", "/animals?hungry=true&from=2026-01-31T10:00:00%2B01:00&until=1.5&limit=-7&mood=so-so&mood=HAPPY&name=a%26b&name=c+d", "ignored")
	want := &ListAnimalsRequest{
		Hungry: new(true), From: new(time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)), Until: time.Unix(1, 500_000_000).UTC(),
		Limit: new(int64(-7)), Moods: []Mood{MoodSO_SO, MoodHAPPY}, Names: []string{"a&b", "c d"},
	}
	if message(t, answer) != "1 validation error: Names[1]: must match the pattern ^(?!zoo:)[\\S]+$" || status != 400 {
		t.Fatalf("%d %s", status, answer)
	}
	status, answer = k.do(t, "GET", "/animals?hungry=true&from=2026-01-31T10:00:00%2B01:00&until=1.5&limit=-7&mood=so-so&mood=HAPPY&name=a%26b&name=c%2Bd", "ignored")
	want.Names[1] = "c+d"
	if status != 200 || answer != `{"Animals":[]}` || !reflect.DeepEqual(k.list, want) {
		t.Fatalf("%d %s: %+v; want %+v", status, answer, k.list, want)
	}
}

// The body of an operation without members is nobody's business; its answer is an empty object.
func TestEmptyInputAndOutput(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "not JSON"} {
		if status, answer := (&keeper{}).do(t, "POST", "/close", body); status != 200 || answer != "{}" {
			t.Errorf("body %q: %d %s", body, status, answer)
		}
	}
}

func TestIdempotencyToken(t *testing.T) {
	k := &keeper{}
	client := NewClient(restjson.ClientConfig{Endpoint: "http://zoo.test", HTTPClient: restjson.InProcess(NewHandler(k, restjson.HandlerOptions{}))})
	in := &FeedAnimalRequest{Name: "Leo", Count: 1, Keeper: "Ann", Food: &Food{Air: new(true)}}
	if _, err := client.FeedAnimal(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	first := *k.fed.ClientToken
	if in.ClientToken != nil || len(first) != 36 {
		t.Fatalf("the caller's token is %v, sent was %q", in.ClientToken, first)
	}
	if _, err := client.FeedAnimal(t.Context(), in); err != nil || *k.fed.ClientToken == first {
		t.Fatalf("error %v; second token %q after %q", err, *k.fed.ClientToken, first)
	}
	in.ClientToken = new("mine")
	if _, err := client.FeedAnimal(t.Context(), in); err != nil || *k.fed.ClientToken != "mine" {
		t.Fatalf("error %v; sent %q", err, *k.fed.ClientToken)
	}
}

// Required lists and maps are written even when nil, as clients of typed languages expect them.
func TestResponseShape(t *testing.T) {
	got := string(restjson.Marshal(&Animal{Name: "Leo", Children: []Animal{}, Weight: new(float32(0.1))}))
	want := `{"Name":"Leo","mood":"","Weight":0.1,"Legs":0,"Tame":false,"Children":[],"Friends":{}}`
	if got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
