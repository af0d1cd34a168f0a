package connectapi_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// Contacts are found by what their participants said, once they are over.
func TestSearchContactsByTranscript(t *testing.T) {
	inCentre(t, func(c *centre) {
		ctx := c.Context()
		names := map[string]string{}
		talk := func(name string, said ...string) string {
			id, bearer := c.join()
			names[id] = name
			for _, text := range said {
				c.say(bearer, text)
			}
			enginetest.Pass(time.Second)
			return id
		}
		began := time.Now()
		lost, fine := talk("lost", "My parcel is lost", "Écoute!"), talk("fine", "The parcel is fine")
		talk("open", "my parcel")
		c.does(lost, contact.Stop{})
		c.does(fine, contact.Stop{})
		for {
			n, err := c.engine.Store.IndexTranscripts(ctx, 10)
			if err != nil {
				c.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		finds := func(want string, as connect.SearchContactsMatchType, criteria ...connect.TranscriptCriteria) {
			c.Helper()
			out := must[*connect.SearchContactsResponse](c.T)(c.find(func(in *connect.SearchContactsRequest) {
				in.SearchCriteria.ContactAnalysis = &connect.ContactAnalysis{Transcript: &connect.Transcript{Criteria: criteria, MatchType: as}}
			}))
			got := []string{}
			for _, s := range out.Contacts {
				got = append(got, names[*s.Id])
			}
			if slices.Sort(got); fmt.Sprint(got) != want || *out.TotalCount != int64(len(got)) {
				c.Errorf("%+v (%s): %v of %d; want %s", criteria, as, got, *out.TotalCount, want)
			}
		}
		by := func(role connect.ParticipantRole, match connect.SearchContactsMatchType, texts ...string) connect.TranscriptCriteria {
			return connect.TranscriptCriteria{ParticipantRole: role, MatchType: match, SearchText: texts}
		}
		const customer, all, exact, none = connect.ParticipantRoleCUSTOMER, connect.SearchContactsMatchTypeMATCH_ALL, connect.SearchContactsMatchTypeMATCH_EXACT, connect.SearchContactsMatchTypeMATCH_NONE
		finds("[fine lost]", "", by(customer, all, "Parcel"))
		finds("[lost]", all, by(customer, all, "ecoute", "lost parcel"))
		finds("[lost]", all, by(customer, exact, "parcel is lost"))
		finds("[]", all, by(customer, exact, "lost parcel"))
		finds("[]", all, by(connect.ParticipantRoleAGENT, all, "parcel"))
		finds("[fine open]", all, by(customer, none, "lost"))
		finds("[lost]", none, by(customer, all, "fine"), by(customer, none, "parcel"))
		finds("[fine lost]", connect.SearchContactsMatchTypeMATCH_ANY, by(customer, all, "fine"), by(customer, all, "lost"))
		finds("[fine lost open]", all)

		// A walk through them: one at a time.
		var token *string
		var walked []string
		for {
			out := must[*connect.SearchContactsResponse](c.T)(c.find(func(in *connect.SearchContactsRequest) {
				in.TimeRange.StartTime, in.TimeRange.EndTime = began.Add(-time.Second), began.Add(time.Hour)
				in.MaxResults, in.NextToken = new(int32(1)), token
				in.SearchCriteria.ContactAnalysis = &connect.ContactAnalysis{Transcript: &connect.Transcript{Criteria: []connect.TranscriptCriteria{by(customer, all, "parcel")}}}
			}))
			walked = append(walked, names[*out.Contacts[0].Id])
			if token = out.NextToken; token == nil {
				break
			}
		}
		if fmt.Sprint(walked) != "[fine lost]" {
			c.Errorf("a walk saw %v", walked)
		}
	})
}
