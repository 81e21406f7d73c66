package receiver

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// object is a JSON object of which fields are read one by one; the first that is not as it should be is
// kept in malformed. Fields are found by their exact names, which decoding into a struct does not do.
type object struct {
	path      string
	fields    map[string]json.RawMessage
	malformed *Error
}

func objectOf(path string, text []byte) *object {
	read := &object{path: path}
	// A null would be taken without an error.
	if err := json.Unmarshal(text, &read.fields); err != nil || read.fields == nil {
		if path == "" {
			path = "the body"
		}
		read.malformed = &Error{Code: MalformedBody, Field: read.path, message: path + " is not a JSON object"}
	}
	return read
}

func (o *object) raw(name string) json.RawMessage {
	value, has := o.fields[name]
	if !has {
		o.refuse(name, "is missing")
	}
	return value
}

func (o *object) text(name string) string {
	value, has := o.fields[name]
	if !has {
		o.refuse(name, "is missing")
		return ""
	}
	return o.textOf(name, value)
}

func (o *object) optionalText(name string) *string {
	value, has := o.fields[name]
	if !has {
		return nil
	}
	text := o.textOf(name, value)
	return &text
}

func (o *object) textOf(name string, value json.RawMessage) string {
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		o.refuse(name, "is not a text")
		return ""
	}
	return *text
}

func (o *object) number(name string) float64 {
	value := o.raw(name)
	// Anything in JSON that begins so is a number; one beyond every double is not finite.
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil && o.malformed == nil {
		o.refuse(name, "is not a number")
	}
	return number
}

func (o *object) integer(name string) int {
	number := o.number(name)
	if number != math.Trunc(number) || math.Abs(number) > math.MaxInt32 {
		o.refuse(name, "is not a whole number")
		return 0
	}
	return int(number)
}

func (o *object) time(name string) time.Time {
	var read time.Time
	// Stricter than time.Parse, which takes what RFC 3339 does not allow.
	if err := read.UnmarshalText([]byte(o.text(name))); err != nil && o.malformed == nil {
		o.refuse(name, "is not a time of RFC 3339")
	}
	return read
}

func (o *object) refuse(name, why string) {
	if o.malformed != nil {
		return
	}
	if o.path != "" {
		name = o.path + "." + name
	}
	o.malformed = &Error{Code: MalformedBody, Field: name, message: name + " " + why}
}
