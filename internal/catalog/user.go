package catalog

import (
	"parley.example/parley/internal/center"
)

// User is somebody who works in an instance (User). Its name is the Username. The hash of its
// password is kept apart: see [Catalog.Password].
type User struct {
	Meta[center.UserID] `json:"-"`
	Identity            Identity                   `json:"identity"`            // UserIdentityInfo
	DirectoryID         string                     `json:"directory,omitempty"` // DirectoryUserId
	RoutingProfile      center.RoutingProfileID    `json:"routingProfile"`
	SecurityProfiles    []center.SecurityProfileID `json:"securityProfiles"` // in the order in which they were given, 1 to 10
	Group               center.HierarchyGroupID    `json:"group,omitempty"`  // "" for none
	Config              UserConfig                 `json:"config"`
	Proficiencies       []Proficiency              `json:"proficiencies,omitempty"` // by attribute, then value; see [Proficiency.Compare]
}

// Kind returns KindUser.
func (*User) Kind() center.Kind { return center.KindUser }

// Identity says who a user is (UserIdentityInfo). What is not known is "".
type Identity struct {
	FirstName      string `json:"first,omitempty"`
	LastName       string `json:"last,omitempty"`
	Email          string `json:"email,omitempty"`
	SecondaryEmail string `json:"email2,omitempty"`
	Mobile         string `json:"mobile,omitempty"`
}

// UserConfig says how contacts reach a user: for all channels (UserPhoneConfig), and by channel, of
// which a list names each once. What is set by channel is not set for all as well.
type UserConfig struct {
	Phone        Phone         `json:"phone"`
	AutoAccept   []AutoAccept  `json:"autoAccept,omitempty"`
	Work         []ContactWork `json:"work,omitempty"`
	Numbers      []PhoneNumber `json:"numbers,omitempty"`
	Persistent   []Persistent  `json:"persistent,omitempty"`
	Enhancements []Enhancement `json:"enhancements,omitempty"`
}

// Phone is UserPhoneConfig. WorkLimit is AfterContactWorkTimeLimit, in seconds, 0 for no end.
// What is not set is nil, or "".
type Phone struct {
	Type       string `json:"type"` // PhoneType
	AutoAccept *bool  `json:"autoAccept,omitempty"`
	WorkLimit  *int32 `json:"workLimit,omitempty"`
	Number     string `json:"number,omitempty"` // DeskPhoneNumber
	Persistent *bool  `json:"persistent,omitempty"`
}

// AutoAccept is AutoAcceptConfig.
type AutoAccept struct {
	Channel  string `json:"channel"`
	Accept   bool   `json:"accept,omitempty"`
	Callback *bool  `json:"callback,omitempty"` // AgentFirstCallbackAutoAccept
}

// ContactWork is AfterContactWorkConfigPerChannel: limits in seconds, 0 for no end; Callback is
// nil when nothing is said of callbacks.
type ContactWork struct {
	Channel  string `json:"channel"`
	Limit    int32  `json:"limit,omitempty"`
	Callback *int32 `json:"callback,omitempty"`
}

// PhoneNumber is PhoneNumberConfig.
type PhoneNumber struct {
	Channel string `json:"channel"`
	Type    string `json:"type"` // PhoneType
	Number  string `json:"number,omitempty"`
}

// Persistent is PersistentConnectionConfig.
type Persistent struct {
	Channel string `json:"channel"`
	On      bool   `json:"on,omitempty"`
}

// Enhancement is VoiceEnhancementConfig.
type Enhancement struct {
	Channel string `json:"channel"`
	Mode    string `json:"mode"` // VoiceEnhancementMode
}

// Proficiency is how well a user does what a value of a predefined attribute stands for
// (UserProficiency).
type Proficiency struct {
	Attribute string  `json:"attribute"`
	Value     string  `json:"value"`
	Level     float32 `json:"level"` // 1 to 5
}

// refers returns what a user refers to. A predefined attribute is named by its name.
func (u *User) refers() []target {
	of := []target{{center.KindRoutingProfile, string(u.RoutingProfile)}, {center.KindHierarchyGroup, string(u.Group)}}
	for _, id := range u.SecurityProfiles {
		of = append(of, target{center.KindSecurityProfile, string(id)})
	}
	for _, p := range u.Proficiencies {
		of = append(of, target{center.KindAttribute, p.Attribute})
	}
	return of
}
