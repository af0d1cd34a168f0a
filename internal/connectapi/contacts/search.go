package contacts

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/words"
)

// SearchContacts finds contacts, live or ended, by one of their times and whatever else the criteria say, as of
// the last commit. The range has both ends, and may be as long as one likes: what it takes grows with how many
// contacts are in it, and of those agents or queues if any are named. Contacts come by the time of the range, newest first, unless Sort
// says otherwise; what they are sorted by comes first when they do not have it. A walk by NextToken sees once what was there when it began
// and still is, whatever begins meanwhile. TotalCount is of the first page, and counts no further than 10,000.
//
// Every contact attribute is searchable, as are segment attributes and tags: as they were when the contact's record was written
// last, which is with each change of the attributes while it was the current contact. Texts in a name, and values, are the
// same in capitals, as far as they are ASCII. MATCH_EXACT of a name is the whole of it, of anything else MATCH_ALL, which is also
// the MatchType where none is given. Hierarchy groups stand for the agents who are in them now, or in groups below them; those of different
// levels are of one or the other.
//
// ContactAnalysis.Transcript finds contacts by what was said in them, a moment after they are over, as Amazon's analysis of a conversation does; a contact
// that goes on is not found by it. A text of the criteria is found when the participants of the role have said all of its words anywhere in the contact,
// with MATCH_EXACT when the words follow each other in one message; capitals and diacritics do not count ([words]). MATCH_NONE is met by contacts
// in which the role said none of the texts, those that are not indexed yet included. What the chat's message processor has kept back, or replaced, is
// not found: the index has what is in the transcript. The criteria may have 1,000 words together.
//
// Contacts are all chats that nothing schedules. AI agents cannot be searched for:
// AiAgents is InvalidParameterException, as are a range that ends before it begins and a
// token of another request. RoutingCriteria are met by the agents whom all steps of a contact's criteria name together. A hierarchy group that does not exist is ResourceNotFoundException; agents and queues may
// have been deleted.
func (s *Contacts) SearchContacts(ctx context.Context, in *connect.SearchContactsRequest) (*connect.SearchContactsResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	q := store.ContactSearch{Instance: snap.ID(), Limit: searchPage}
	if in.MaxResults != nil {
		q.Limit = int(*in.MaxResults)
	}
	if q.Range, err = rangeOf("TimeRange", in.TimeRange); err != nil {
		return nil, err
	}
	q.Sort, q.Descending = store.ContactSort{Time: q.Range.Of}, true
	if in.Sort != nil {
		q.Sort, q.Descending = sorts[in.Sort.FieldName], in.Sort.Order != connect.SortOrderASCENDING
	}
	nothing, err := s.criteria(snap, &q, in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	asked := *in
	asked.NextToken, asked.MaxResults = nil, nil
	request := query.Page{List: "SearchContacts", Request: []any{snap.ID(), asked}}.Fingerprint()
	token := searchToken{Request: request}
	if text := wire.Text(in.NextToken); text != "" {
		if token, err = readSearchToken(text, request); err != nil {
			return nil, err
		}
		q.After = &token.After
	}
	out := &connect.SearchContactsResponse{Contacts: []connect.ContactSearchSummary{}, TotalCount: &token.Total}
	if nothing {
		return out, nil
	}
	if q.After == nil {
		if token.Total, err = s.Store.CountContacts(ctx, q, countTo); err != nil {
			return nil, err
		}
		if token.Total == 0 { // to look for nothing takes as long as to count it
			return out, nil
		}
	}
	q.Limit++ // to see whether there are more
	found, err := s.Store.SearchContacts(ctx, q)
	if err != nil {
		return nil, err
	}
	if n := q.Limit - 1; len(found) > n {
		found, token.After = found[:n], found[n-1].Key
		out.NextToken = new(token.String())
	}
	for i := range found {
		out.Contacts = append(out.Contacts, s.summary(&found[i].Contact))
	}
	return out, nil
}

const (
	searchPage = 100
	countTo    = 10_000 // as far as TotalCount goes: counting a million takes longer than reading a page of them
	maxWords   = 1000   // of all criteria of transcripts
)

// searchToken says where the next page begins.
type searchToken struct {
	After   store.ContactKey `json:"a"`
	Total   int64            `json:"n"`
	Request string           `json:"r"`
}

func (t searchToken) String() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic("contacts: a token does not encode: " + err.Error()) // only plain values
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func readSearchToken(text, request string) (t searchToken, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	switch {
	case err != nil:
		return t, center.Errorf(center.Invalid, "NextToken is not one that was given out")
	case t.Request != request:
		return t, center.Errorf(center.Invalid, "NextToken belongs to another request")
	}
	return t, nil
}

var times = map[connect.SearchContactsTimeRangeType]store.ContactTime{
	connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP:         store.TimeInitiated,
	connect.SearchContactsTimeRangeTypeSCHEDULED_TIMESTAMP:          store.TimeScheduled,
	connect.SearchContactsTimeRangeTypeCONNECTED_TO_AGENT_TIMESTAMP: store.TimeConnected,
	connect.SearchContactsTimeRangeTypeDISCONNECT_TIMESTAMP:         store.TimeDisconnected,
	connect.SearchContactsTimeRangeTypeENQUEUE_TIMESTAMP:            store.TimeEnqueued,
}

// sorts are the orders. All contacts are of one channel and none expires, so by these they come by their ids.
var sorts = map[connect.SortableFieldName]store.ContactSort{
	connect.SortableFieldNameINITIATION_TIMESTAMP:         {Time: store.TimeInitiated},
	connect.SortableFieldNameSCHEDULED_TIMESTAMP:          {Time: store.TimeScheduled},
	connect.SortableFieldNameCONNECTED_TO_AGENT_TIMESTAMP: {Time: store.TimeConnected},
	connect.SortableFieldNameDISCONNECT_TIMESTAMP:         {Time: store.TimeDisconnected},
	connect.SortableFieldNameINITIATION_METHOD:            {Method: true},
	connect.SortableFieldNameCHANNEL:                      {Time: store.TimeScheduled},
	connect.SortableFieldNameEXPIRY_TIMESTAMP:             {Time: store.TimeScheduled},
}

func rangeOf(member string, r *connect.SearchContactsTimeRange) (store.TimeRange, error) {
	if r.EndTime.Before(r.StartTime) {
		return store.TimeRange{}, center.Errorf(center.Invalid, "%s: EndTime is before StartTime", member)
	}
	return store.TimeRange{Of: times[r.Type], From: r.StartTime, To: r.EndTime}, nil
}

var matches = map[connect.SearchContactsMatchType]store.Match{
	connect.SearchContactsMatchTypeMATCH_ANY: store.MatchAny, connect.SearchContactsMatchTypeMATCH_NONE: store.MatchNone, connect.SearchContactsMatchTypeMATCH_EXACT: store.MatchExact,
}

// criteria reads what else contacts have to be. nothing reports that there cannot be any.
func (s *Contacts) criteria(snap *catalog.Snapshot, q *store.ContactSearch, c *connect.SearchCriteria) (nothing bool, err error) {
	if c == nil {
		return false, nil
	}
	if c.AiAgents != nil {
		return false, center.Errorf(center.Invalid, "SearchCriteria.AiAgents: contacts cannot be searched by it here; leave it out")
	}
	if err := inTranscripts(q, c.ContactAnalysis); err != nil {
		return false, err
	}
	if len(c.Channels) > 0 && !slices.Contains(c.Channels, connect.ChannelCHAT) || len(c.ActiveRegions) > 0 && !slices.Contains(c.ActiveRegions, snap.Region()) {
		nothing = true
	}
	for _, ref := range c.AgentIds {
		q.Agents = append(q.Agents, center.UserID(center.IDOf(ref)))
	}
	if err := inGroups(snap, q, c.AgentHierarchyGroups); err != nil {
		return false, err
	}
	for _, ref := range c.QueueIds {
		q.Queues = append(q.Queues, center.QueueID(center.IDOf(ref)))
	}
	for _, m := range c.InitiationMethods {
		q.Methods = append(q.Methods, string(m))
	}
	if n := c.Name; n != nil {
		q.Name, q.NameAs = n.SearchText, matches[n.MatchType]
	}
	if a := c.AdditionalTimeRange; a != nil {
		q.AlsoAs = matches[a.MatchType]
		for _, one := range a.Criteria {
			r, err := alsoOf(&one)
			if err != nil {
				return false, err
			}
			q.Also = append(q.Also, r)
		}
		if len(q.Also) > maxAlso {
			return false, center.Errorf(center.Invalid, "AdditionalTimeRange has %d criteria; the most are %d", len(q.Also), maxAlso)
		}
	}
	if a := c.SearchableContactAttributes; a != nil {
		q.Attributes.Match = matches[a.MatchType]
		for _, one := range a.Criteria {
			q.Attributes.All = append(q.Attributes.All, store.KeyValues{Key: one.Key, Values: one.Values})
		}
	}
	if a := c.SearchableSegmentAttributes; a != nil {
		q.Segment.Match = matches[a.MatchType]
		for _, one := range a.Criteria {
			q.Segment.All = append(q.Segment.All, store.KeyValues{Key: one.Key, Values: one.Values})
		}
	}
	if err := bySteps(q, c.RoutingCriteria); err != nil {
		return false, err
	}
	return nothing, withTags(q, c.ContactTags)
}

// inTranscripts reads what was to be said.
func inTranscripts(q *store.ContactSearch, a *connect.ContactAnalysis) error {
	if a == nil || a.Transcript == nil {
		return nil
	}
	q.SaidAs = matches[a.Transcript.MatchType]
	n := 0
	for _, c := range a.Transcript.Criteria {
		q.Said = append(q.Said, store.Said{Role: center.Role(c.ParticipantRole), Texts: c.SearchText, Match: matches[c.MatchType]})
		for _, text := range c.SearchText {
			n += words.Count(text)
		}
	}
	if n > maxWords {
		return center.Errorf(center.Invalid, "ContactAnalysis.Transcript: the Criteria have %d words together; the most are %d", n, maxWords)
	}
	return nil
}

// bySteps reads whom the routing criteria are to name.
func bySteps(q *store.ContactSearch, c *connect.SearchableRoutingCriteria) error {
	if c == nil {
		return nil
	}
	if len(c.Steps) > maxSteps {
		return center.Errorf(center.Invalid, "RoutingCriteria has %d Steps; the most are %d", len(c.Steps), maxSteps)
	}
	for _, step := range c.Steps {
		if step.AgentCriteria == nil || len(step.AgentCriteria.AgentIds) == 0 {
			continue
		}
		s := store.SoughtAgents{Match: matches[step.AgentCriteria.MatchType]}
		for _, ref := range step.AgentCriteria.AgentIds {
			if id := center.UserID(center.IDOf(ref)); !slices.Contains(s.Agents, id) {
				s.Agents = append(s.Agents, id)
			}
		}
		q.Sought = append(q.Sought, s)
	}
	return nil
}

const (
	maxAlso  = 20
	maxTags  = 100
	maxSteps = 20
)

func alsoOf(c *connect.SearchContactsAdditionalTimeRangeCriteria) (store.TimeRange, error) {
	switch {
	case c.TimeRange != nil && c.TimestampCondition == nil:
		return rangeOf("AdditionalTimeRange.TimeRange", c.TimeRange)
	case c.TimestampCondition != nil && c.TimeRange == nil:
		return store.TimeRange{Of: times[c.TimestampCondition.Type], Absent: true}, nil // NOT_EXISTS is all there is
	}
	return store.TimeRange{}, center.Errorf(center.Invalid, "AdditionalTimeRange: each of the Criteria has either a TimeRange or a TimestampCondition")
}

// inGroups narrows the agents to those of hierarchy groups.
func inGroups(snap *catalog.Snapshot, q *store.ContactSearch, g *connect.AgentHierarchyGroups) error {
	if g == nil {
		return nil
	}
	groups := map[center.HierarchyGroupID]bool{}
	for level, refs := range [][]string{g.L1Ids, g.L2Ids, g.L3Ids, g.L4Ids, g.L5Ids} {
		for _, ref := range refs {
			group, err := catalog.Find[*catalog.Group](snap, ref)
			if err == nil && group.Level != level+1 {
				err = center.Errorf(center.Invalid, "group %s is of level %d", group.Name, group.Level)
			}
			if err != nil {
				return wire.InMember("AgentHierarchyGroups.L"+strconv.Itoa(level+1)+"Ids", err)
			}
			groups[group.ID] = true
		}
	}
	if len(groups) == 0 {
		return nil
	}
	among := []center.UserID{}
	for _, u := range catalog.All[*catalog.User](snap) {
		own, err := catalog.Get[*catalog.Group](snap, u.Group)
		if err != nil || q.Agents != nil && !slices.Contains(q.Agents, u.ID) {
			continue // of no group
		}
		if slices.ContainsFunc(catalog.Path(snap, own), func(g *catalog.Group) bool { return g != nil && groups[g.ID] }) {
			among = append(among, u.ID)
		}
	}
	q.Agents = among
	return nil
}

// withTags reads the filter by tags: all of one of the OrConditions has to be met, and each condition that stands beside them.
func withTags(q *store.ContactSearch, f *connect.ControlPlaneTagFilter) error {
	if f == nil {
		return nil
	}
	condition := func(t connect.TagCondition) store.KeyValues {
		kv := store.KeyValues{Key: wire.Text(t.TagKey), Values: []string{}}
		if t.TagValue != nil {
			kv.Values = []string{*t.TagValue}
		}
		return kv
	}
	n := 0
	all := func(list []connect.TagCondition) (c store.Conditions) {
		for _, t := range list {
			c.All = append(c.All, condition(t))
		}
		n += len(list)
		return c
	}
	q.Tags = all(f.AndConditions)
	if f.TagCondition != nil {
		q.Tags.All = append(q.Tags.All, condition(*f.TagCondition))
	}
	for _, list := range f.OrConditions {
		q.TagsAny = append(q.TagsAny, all(list))
	}
	if n > maxTags {
		return center.Errorf(center.Invalid, "ContactTags has more than %d conditions", maxTags)
	}
	return nil
}

func (s *Contacts) summary(c *center.Contact) connect.ContactSearchSummary {
	out := connect.ContactSearchSummary{
		Arn: new(s.Partition.ContactARN(c.Instance, c.ID)), Id: new(string(c.ID)), InitialContactId: initial(c), PreviousContactId: wire.Optional(string(c.Previous)),
		InitiationMethod: connect.ContactInitiationMethod(c.InitiationMethod), Channel: connect.ChannelCHAT, Name: wire.Optional(c.Name),
		InitiationTimestamp: wire.Moment(c.Initiated), DisconnectTimestamp: wire.Moment(c.Disconnected),
	}
	if len(c.Tags) > 0 {
		out.Tags = c.Tags
	}
	if c.Queue != "" {
		out.QueueInfo = &connect.ContactSearchSummaryQueueInfo{Id: new(string(c.Queue)), EnqueueTimestamp: wire.Moment(c.Enqueued)}
	}
	if c.Agent != "" {
		out.AgentInfo = &connect.ContactSearchSummaryAgentInfo{Id: new(string(c.Agent)), ConnectedToAgentTimestamp: wire.Moment(c.AgentConnected)}
	}
	if len(c.SegmentAttrs) > 0 {
		out.SegmentAttributes = map[string]connect.ContactSearchSummarySegmentAttributeValue{}
	}
	for name, v := range wireSegmentAttributes(c.SegmentAttrs) {
		text := cmp.Or(v.ValueString, v.ValueArn)
		if v.ValueInteger != nil {
			text = new(strconv.Itoa(int(*v.ValueInteger)))
		}
		out.SegmentAttributes[name] = connect.ContactSearchSummarySegmentAttributeValue{ValueString: text, ValueMap: v.ValueMap}
	}
	return out
}
