package restjson

// DecodeList reads an array whose elements f reads. Null elements are violations in a request and
// dropped from a response. The result is not nil.
func DecodeList[T any](d *Decoder, f func(*T, *Decoder)) []T {
	list := []T{}
	if !d.Array() {
		return list
	}
	for d.NextElement() && d.count() {
		if d.null() {
			continue
		}
		var zero T
		list = append(list, zero)
		f(&list[len(list)-1], d)
	}
	return list
}

// DecodeMap reads an object as a map whose values f reads, see DecodeList.
func DecodeMap[K ~string, T any](d *Decoder, f func(*T, *Decoder)) map[K]T {
	m := map[K]T{}
	if !d.object('m') {
		return m
	}
	for d.nextMember() && d.count() {
		if d.null() {
			continue
		}
		key := K(d.Key())
		var value T
		f(&value, d)
		m[key] = value
	}
	return m
}

// null reads a null, where one stands.
func (d *Decoder) null() bool {
	if d.peek() != 'n' {
		return false
	}
	if d.strict {
		d.refuse("must not be null")
	}
	d.literal("null")
	return true
}

// StringInto reads a string or enum value into *x: an element function for DecodeList and DecodeMap.
func StringInto[T ~string](x *T, d *Decoder) { *x = T(d.String()) }

// AppendList appends a member that is a list, nil lists excepted.
func AppendList[T any](b []byte, name string, list []T, f func(*T, []byte) []byte) []byte {
	if list == nil {
		return b
	}
	return append(Elements(Key(b, name), list, f), ',')
}

// Elements appends a list, nil as an empty one.
func Elements[T any](b []byte, list []T, f func(*T, []byte) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = f(&list[i], b)
	}
	return append(b, ']')
}

// AppendMap appends a member that is a map, nil maps excepted. The order of its entries is open.
func AppendMap[K ~string, T any](b []byte, name string, m map[K]T, f func(*T, []byte) []byte) []byte {
	if m == nil {
		return b
	}
	return append(Entries(Key(b, name), m, f), ',')
}

// Entries appends a map as an object, nil as an empty one.
func Entries[K ~string, T any](b []byte, m map[K]T, f func(*T, []byte) []byte) []byte {
	b = append(b, '{')
	for k, value := range m {
		b = append(Quote(b, string(k)), ':')
		b = append(f(&value, b), ',')
	}
	return End(b)
}

// StringElement appends a string or enum value: an element function for AppendList and AppendMap.
func StringElement[T ~string](x *T, b []byte) []byte { return Quote(b, string(*x)) }
