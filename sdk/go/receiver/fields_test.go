package receiver_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
)

// compareFields compares what was read into a type with the JSON that it was read from: every field of
// one is in the other, with the same value.
func compareFields(t *testing.T, read any, data map[string]any) {
	t.Helper()
	if raw, isUnknown := read.(json.RawMessage); isUnknown {
		var again map[string]any
		if err := json.Unmarshal(raw, &again); err != nil || !reflect.DeepEqual(again, data) {
			t.Errorf("the raw data is %s", raw)
		}
		return
	}
	value := reflect.ValueOf(read).Elem()
	found := 0
	for i := range value.NumField() {
		name, field := snakeCase(value.Type().Field(i).Name), value.Field(i)
		if field.Kind() == reflect.Pointer {
			if field.IsNil() {
				if _, has := data[name]; has {
					t.Errorf("%s is nil", name)
				}
				continue
			}
			field = field.Elem()
		}
		found++
		if !isSame(field.Interface(), data[name]) {
			t.Errorf("%s is %v, want %v", name, field.Interface(), data[name])
		}
	}
	if found != len(data) {
		t.Errorf("%d fields were read of %d", found, len(data))
	}
}

func isSame(read, written any) bool {
	switch read := read.(type) {
	case time.Time:
		text, isText := written.(string)
		return isText && sameTime(read, text)
	case int:
		return float64(read) == written
	default:
		return read == written
	}
}

func sameTime(read time.Time, text string) bool {
	written, err := time.Parse(time.RFC3339Nano, text)
	return err == nil && read.Equal(written)
}

// snakeCase of BookingID is booking_id.
func snakeCase(name string) string {
	var snake strings.Builder
	for i, letter := range strings.ReplaceAll(name, "ID", "Id") {
		if unicode.IsUpper(letter) && i > 0 {
			snake.WriteByte('_')
		}
		snake.WriteRune(unicode.ToLower(letter))
	}
	return snake.String()
}
