package zoo

import (
	"context"
	"reflect"
	"testing"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/codegen/zoo/tagged"
)

// twin answers what a keeper answers, by the API whose types are described by tags.
type twin struct {
	tagged.Unimplemented
	fed  *tagged.FeedAnimalRequest
	list *tagged.ListAnimalsRequest
}

func (k *twin) FeedAnimal(_ context.Context, in *tagged.FeedAnimalRequest) (*tagged.Animal, error) {
	k.fed = in
	return nil, nil
}

func (k *twin) ListAnimals(_ context.Context, in *tagged.ListAnimalsRequest) (*tagged.ListAnimalsResponse, error) {
	k.list = in
	return &tagged.ListAnimalsResponse{}, nil
}

func (k *twin) CloseZoo(context.Context, *tagged.CloseZooRequest) (*tagged.CloseZooResponse, error) {
	return &tagged.CloseZooResponse{}, nil
}

// same returns what x, of types described by tags, is in the types with code of their own.
func same[T any](t *testing.T, x any) *T {
	t.Helper()
	if v := reflect.ValueOf(x); !v.IsNil() {
		out := new(T)
		translate(reflect.ValueOf(out).Elem(), v.Elem())
		return out
	}
	return nil
}

// translate sets to to what from is; their types differ in nothing but their package.
func translate(to, from reflect.Value) {
	switch {
	case to.Type() == from.Type():
		to.Set(from)
	case from.Kind() == reflect.Struct:
		for i := range from.NumField() {
			translate(to.Field(i), from.Field(i))
		}
	case from.Kind() == reflect.String:
		to.SetString(from.String())
	case from.IsNil():
	case from.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		translate(to.Elem(), from.Elem())
	case from.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			translate(to.Index(i), from.Index(i))
		}
	case from.Kind() == reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
		for key, value := range from.Seq2() {
			k, v := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
			translate(k, key)
			translate(v, value)
			to.SetMapIndex(k, v)
		}
	default:
		panic("no translation from " + from.Type().String())
	}
}

// FuzzBothForms has the same answer, the same value and the same bytes from both forms of types,
// whatever is sent.
func FuzzBothForms(f *testing.F) {
	for _, seed := range []string{
		`{"Food":{"Meat":{"Grams":5.0,"from":"here"}},"Secret":"abc"}`, `{"Food":{"Plants":["a",""],"Air":true}}`, `{"Food":{"Menu":{"HAPPY":[["a"]]}}}`,
		`{"Food":{"Menu":{"sad":[[""]]}},"Photo":"AAAAAAAA"}`, `{"Food":{"At":1e9},"Notes":[1]}`, `{}`, `null`, `{"Food":{"Taste":"x"}}`, `{"Food":{"Plants":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		k := &keeper{}
		k.feed(t, string(body))
		ours, theirs := &Food{}, &tagged.Food{}
		err1, err2 := restjson.Unmarshal(body, ours), restjson.Unmarshal(body, theirs)
		if !reflect.DeepEqual(err1, err2) || !reflect.DeepEqual(same[Food](t, theirs), ours) {
			t.Fatalf("%q is read as %+v, %v, and by tags as %+v, %v", body, ours, err1, theirs, err2)
		}
		if len(ours.Menu) > 1 {
			return // the order of a map's entries is open
		}
		if a, b := restjson.Marshal(ours), restjson.Marshal(theirs); string(a) != string(b) {
			t.Fatalf("%q is written as %s, and by tags as %s", body, a, b)
		}
	})
}

// BenchmarkForms shows what the two forms of types cost.
func BenchmarkForms(b *testing.B) {
	body := []byte(`{"Food":{"Menu":{"HAPPY":[["a"],["b","c"]]}},"ClientToken":"c","Secret":"abcd","Photo":"AAAA"}`)
	round := func(b *testing.B, in any) {
		b.ReportAllocs()
		for b.Loop() {
			if err := restjson.Unmarshal(body, in); err != nil {
				b.Fatal(err)
			}
			_ = restjson.Validate(in)
			_ = restjson.Marshal(in)
		}
	}
	b.Run("code", func(b *testing.B) { round(b, &FeedAnimalRequest{}) })
	b.Run("tags", func(b *testing.B) { round(b, &tagged.FeedAnimalRequest{}) })
}
