package staffing

import (
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// maxWork bounds AfterContactWorkTimeLimit, in seconds (API reference of UserPhoneConfig: 24 days).
const maxWork = 2_000_000

// softPhone is the PhoneType of who has said nothing.
const softPhone = "SOFT_PHONE"

// configure says how contacts reach a user: for all channels with phone, unless it is nil,
// and by channel with those lists that are not nil. What is set anew in one way is set no longer
// in the other; set in both ways at once it is a BadRequest.
func configure(u *catalog.UserConfig, phone *catalog.Phone, by catalog.UserConfig) error {
	if err := channels(by); err != nil {
		return err
	}
	if phone != nil {
		if err := limit("PhoneConfig", phone.WorkLimit); err != nil {
			return err
		}
		switch {
		case phone.AutoAccept != nil && len(by.AutoAccept) > 0:
			return both("AutoAccept", "AutoAcceptConfigs")
		case phone.WorkLimit != nil && len(by.Work) > 0:
			return both("AfterContactWorkTimeLimit", "AfterContactWorkConfigs")
		case phone.Number != "" && len(by.Numbers) > 0:
			return both("DeskPhoneNumber", "PhoneNumberConfigs")
		case phone.Persistent != nil && len(by.Persistent) > 0:
			return both("PersistentConnection", "PersistentConnectionConfigs")
		}
		u.Phone = *phone
		if u.Phone.Type == "" {
			u.Phone.Type = softPhone
		}
	}
	u.AutoAccept = set(u.AutoAccept, by.AutoAccept, u.Phone.AutoAccept != nil && phone != nil, func() { u.Phone.AutoAccept = nil })
	u.Work = set(u.Work, by.Work, u.Phone.WorkLimit != nil && phone != nil, func() { u.Phone.WorkLimit = nil })
	u.Numbers = set(u.Numbers, by.Numbers, u.Phone.Number != "" && phone != nil, func() { u.Phone.Number = "" })
	u.Persistent = set(u.Persistent, by.Persistent, u.Phone.Persistent != nil && phone != nil, func() { u.Phone.Persistent = nil })
	u.Enhancements = set(u.Enhancements, by.Enhancements, false, func() {})
	return nil
}

// set returns what is set by channel after a change: to is what the change says of it, nil for
// nothing, all whether it is set for all channels now. clear unsets it for all.
func set[T any](was, to []T, all bool, clear func()) []T {
	switch {
	case len(to) > 0:
		clear()
		return to
	case to != nil || all:
		return nil
	}
	return was
}

func both(member, list string) error {
	return center.Errorf(center.BadRequest, "PhoneConfig.%s and %s say the same of a user; a request has one of the two", member, list)
}

// channels refuses lists that name a channel twice, and limits that are too long.
func channels(by catalog.UserConfig) error {
	for _, w := range by.Work {
		if err := limit("AfterContactWorkConfigs", &w.Limit); err != nil {
			return err
		}
		if err := limit("AfterContactWorkConfigs", w.Callback); err != nil {
			return err
		}
	}
	for _, err := range []error{
		channelsOnce("AutoAcceptConfigs", by.AutoAccept, func(a catalog.AutoAccept) string { return a.Channel }),
		channelsOnce("AfterContactWorkConfigs", by.Work, func(w catalog.ContactWork) string { return w.Channel }),
		channelsOnce("PhoneNumberConfigs", by.Numbers, func(n catalog.PhoneNumber) string { return n.Channel }),
		channelsOnce("PersistentConnectionConfigs", by.Persistent, func(p catalog.Persistent) string { return p.Channel }),
		channelsOnce("VoiceEnhancementConfigs", by.Enhancements, func(e catalog.Enhancement) string { return e.Channel }),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func channelsOnce[T any](member string, list []T, channel func(T) string) error {
	return once(list, channel, func(e T) string { return member + ": the channel " + channel(e) })
}

// limit refuses a time for work after a contact that is too long.
func limit(member string, seconds *int32) error {
	if seconds != nil && (*seconds < 0 || *seconds > maxWork) {
		return center.Errorf(center.Invalid, "%s: AfterContactWorkTimeLimit is 0 to %d seconds, not %d", member, maxWork, *seconds)
	}
	return nil
}
