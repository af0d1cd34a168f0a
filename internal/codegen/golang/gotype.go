package golang

import (
	"fmt"

	"parley.example/parley/internal/codegen/model"
)

// goType is the Go type of a shape's value: of a list element, say.
func (a *api) goType(s *model.Shape) string {
	switch s.Type {
	case "string":
		return "string"
	case "integer":
		return "int32"
	case "long":
		return "int64"
	case "float":
		return "float32"
	case "double":
		return "float64"
	case "boolean":
		return "bool"
	case "timestamp":
		return "time.Time"
	case "blob":
		return "[]byte"
	case "document":
		return "json.RawMessage"
	case "list":
		return "[]" + a.goType(a.Shapes[s.Member.Target])
	case "map":
		return "map[" + a.goType(a.Shapes[s.Key.Target]) + "]" + a.goType(a.Shapes[s.Value.Target])
	}
	return a.home + exported(s.Name())
}

// fieldType is the Go type of a member. Structures are pointers; so are simple values that may be
// absent, save enums, where "" is absence.
func (a *api) fieldType(owner *model.Shape, m *model.Member) string {
	target := a.Shapes[m.Target]
	if target.Type == "structure" || target.Type == "union" || a.Absentable(owner, m) {
		return "*" + a.goType(target)
	}
	return a.goType(target)
}

// timeFormats are the names the runtime has for the formats of times.
var timeFormats = map[string]string{"date-time": "DateTime", "http-date": "HTTPDate", "epoch-seconds": "Epoch"}

func (a *api) timeFormat(m *model.Member) string { return timeFormats[a.TimeFormat(m)] }

// decodeExpr is the expression that reads a value from the decoder d.
func (a *api) decodeExpr(m *model.Member) string {
	s := a.Shapes[m.Target]
	switch s.Type {
	case "string":
		return "d.String()"
	case "enum":
		return a.goType(s) + "(d.String())"
	case "integer":
		return "d.Int32()"
	case "long":
		return "d.Int64()"
	case "float":
		return "d.Float32()"
	case "double":
		return "d.Float64()"
	case "boolean":
		return "d.Bool()"
	case "timestamp":
		return "d." + a.timeFormat(m) + "()"
	case "blob":
		return "d.Blob()"
	case "document":
		return "d.Raw()"
	case "list":
		return "restjson.DecodeList(d, " + a.decodeFunc(s.Member) + ")"
	case "map":
		return fmt.Sprintf("restjson.DecodeMap[%s](d, %s)", a.goType(a.Shapes[s.Key.Target]), a.decodeFunc(s.Value))
	}
	panic("decodeExpr of " + s.ID)
}

// decodeFunc is the function that reads an element through a pointer.
func (a *api) decodeFunc(m *model.Member) string {
	s := a.Shapes[m.Target]
	switch s.Type {
	case "structure", "union":
		return "(*" + a.goType(s) + ").DecodeJSON"
	case "string", "enum":
		return "restjson.StringInto[" + a.goType(s) + "]"
	}
	return fmt.Sprintf("func(x *%s, d *restjson.Decoder) { *x = %s }", a.goType(s), a.decodeExpr(m))
}

// appendExpr is the expression that appends the value x to b.
func (a *api) appendExpr(m *model.Member, x string) string {
	s := a.Shapes[m.Target]
	switch s.Type {
	case "integer", "long":
		return "restjson.AppendInt(b, " + x + ")"
	case "float", "double":
		return "restjson.AppendFloat(b, " + x + ")"
	case "boolean":
		return "restjson.AppendBool(b, " + x + ")"
	case "timestamp":
		if f := a.timeFormat(m); f != "Epoch" {
			return "restjson.Quote(b, restjson.Format" + f + "(" + x + "))"
		}
		return "restjson.AppendEpoch(b, " + x + ")"
	case "blob":
		return "restjson.AppendBlob(b, " + x + ")"
	case "document":
		return "append(b, " + x + "...)"
	case "list":
		return fmt.Sprintf("restjson.Elements(b, %s, %s)", x, a.appendFunc(s.Member))
	case "map":
		return fmt.Sprintf("restjson.Entries(b, %s, %s)", x, a.appendFunc(s.Value))
	}
	panic("appendExpr of " + s.ID)
}

// appendFunc is the function that appends an element behind a pointer.
func (a *api) appendFunc(m *model.Member) string {
	s := a.Shapes[m.Target]
	switch s.Type {
	case "structure", "union":
		return "(*" + a.goType(s) + ").AppendJSON"
	case "string", "enum":
		return "restjson.StringElement[" + a.goType(s) + "]"
	}
	return fmt.Sprintf("func(x *%s, b []byte) []byte { return %s }", a.goType(s), a.appendExpr(m, "*x"))
}
