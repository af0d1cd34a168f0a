package erasure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/store"
)

// Path is where erasures are asked for (POST) and listed (GET); Path/ID is one of them.
const Path = "/parley/erasures"

// The actions that a key's policy must allow on the ARN of the instance.
const (
	ActionErase = "parley:Erase"
	ActionList  = "parley:ListErasures"
)

// Request is the body of POST [Path]. InstanceId, which may be an ARN, and exactly one of ContactId,
// CustomerId and Attribute are needed.
type Request struct {
	InstanceId string
	ContactId  string     `json:",omitempty"` // the whole chat that the contact is of
	CustomerId string     `json:",omitempty"` // as StartChatContact was given it
	Attribute  *Attribute `json:",omitempty"`
	EndActive  bool       `json:",omitempty"` // end chats that have not ended; without it they are a conflict (409)
	DryRun     bool       `json:",omitempty"` // answer with a Preview and erase nothing
}

// Attribute is a user-defined attribute with its value.
type Attribute struct{ Name, Value string }

// Preview says what would be erased.
type Preview struct {
	Counts           map[string]int64 // chats, contacts, items, attachments
	ContactIds       []center.ContactID
	ActiveContactIds []center.ContactID // the chats among them that have not ended
}

// Receipt says what was erased. It has no personal data.
type Receipt struct {
	ErasureId   string
	InstanceId  center.InstanceID
	SelectedBy  store.ErasedBy
	AccessKeyId string
	AskedAt     time.Time
	FinishedAt  *time.Time `json:",omitempty"` // when nothing of it was left in any file; absent until then
	Waiting     int64      `json:",omitempty"` // chats that are still there
	Counts      map[string]int64
	ContactIds  []center.ContactID `json:",omitempty"` // in the answer for one erasure; not of a deleted instance
}

func receiptOf(e *store.Erasure) Receipt {
	r := Receipt{ErasureId: e.ID, InstanceId: e.Instance, SelectedBy: e.By, AccessKeyId: e.Key, AskedAt: e.Asked,
		Waiting: e.Waiting, Counts: e.Counts, ContactIds: e.Contacts}
	if !e.Finished.IsZero() {
		r.FinishedAt = &e.Finished
	}
	return r
}

// Receipts is the answer to GET [Path], newest first. The parameter before of a further request
// is NextBefore.
type Receipts struct {
	Erasures   []Receipt
	NextBefore string `json:",omitempty"`
}

// API answers requests for erasures.
type API struct {
	*Worker
	// Authenticate says who signed a request, and returns its body, of at most a few kilobytes.
	Authenticate func(r *http.Request) (id auth.Identity, body []byte, err error)
	// Authorize says whether somebody may do something to an instance.
	Authorize func(ctx context.Context, id auth.Identity, action string, instance center.InstanceID) error
	Refused   func(context.Context, http.Header, error) // may be nil: see edge.Edge.Refused
}

// Ask answers POST [Path].
func (a *API) Ask(w http.ResponseWriter, r *http.Request) {
	id, body, err := a.Authenticate(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	o, dry, err := a.order(r.Context(), body)
	if err == nil {
		err = a.Authorize(r.Context(), id, ActionErase, o.Instance)
	}
	if err == nil {
		err = a.exists(r.Context(), o.Instance)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	o.Key = id.AccessKey
	if dry {
		found, err := a.Find(r.Context(), &o)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		answer(w, Preview{ContactIds: orNone(found.Contacts), ActiveContactIds: orNone(found.Active), Counts: map[string]int64{
			"chats": int64(len(found.Chats)), "contacts": int64(len(found.Contacts)), "items": found.Items, "attachments": found.Attachments,
		}})
		return
	}
	e, err := a.Worker.Ask(r.Context(), &o)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer(w, receiptOf(&e))
}

func orNone(ids []center.ContactID) []center.ContactID {
	if ids == nil {
		return []center.ContactID{}
	}
	return ids
}

// order reads a request.
func (a *API) order(ctx context.Context, body []byte) (o Order, dry bool, err error) {
	var in Request
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return o, false, center.Errorf(center.BadRequest, "the body is not a request for an erasure: %w", err)
	}
	var ok bool
	if o.Instance, ok = a.Catalog.Resolve(in.InstanceId); !ok {
		return o, false, center.Errorf(center.BadRequest, "InstanceId is needed: the id or the ARN of an instance")
	}
	given := 0
	for _, g := range []bool{in.ContactId != "", in.CustomerId != "", in.Attribute != nil} {
		if g {
			given++
		}
	}
	if given != 1 || in.Attribute != nil && in.Attribute.Name == "" {
		return o, false, center.Errorf(center.BadRequest, "give exactly one of ContactId, CustomerId and Attribute, which has a Name and a Value")
	}
	if in.ContactId != "" {
		if o.Contact, ok = center.ParseContactID(in.ContactId); !ok {
			return o, false, center.Errorf(center.NotFound, "contact %.100s does not exist", in.ContactId)
		}
	}
	if in.Attribute != nil {
		o.Attribute, o.Value = in.Attribute.Name, in.Attribute.Value
	}
	o.Customer, o.EndActive = in.CustomerId, in.EndActive
	return o, in.DryRun, nil
}

func (a *API) exists(ctx context.Context, instance center.InstanceID) error {
	_, err := a.Catalog.Snapshot(ctx, string(instance))
	return err
}

// perPage is how many receipts one answer lists.
const perPage = 100

// List answers GET [Path]: receipts of the instances on which the caller's policy allows it.
func (a *API) List(w http.ResponseWriter, r *http.Request) {
	id, _, err := a.Authenticate(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	found, err := a.Store.Erasures(r.Context(), r.URL.Query().Get("before"), perPage)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	out := Receipts{Erasures: []Receipt{}}
	refused := error(nil)
	for i := range found {
		if err := a.Authorize(r.Context(), id, ActionList, found[i].Instance); err != nil {
			refused = err
			continue
		}
		out.Erasures = append(out.Erasures, receiptOf(&found[i]))
	}
	more := len(found) == perPage
	if len(out.Erasures) == 0 && refused != nil && !more {
		a.fail(w, r, refused)
		return
	}
	if more {
		out.NextBefore = found[len(found)-1].ID
	}
	answer(w, out)
}

// Get answers GET [Path]/ID.
func (a *API) Get(w http.ResponseWriter, r *http.Request) {
	id, _, err := a.Authenticate(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	e, err := a.Store.Erasure(r.Context(), strings.TrimPrefix(r.URL.Path, Path+"/"))
	if err == nil {
		err = a.Authorize(r.Context(), id, ActionList, e.Instance)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer(w, receiptOf(&e))
}

func answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		edge.WriteError(w, http.StatusInternalServerError, "InternalServiceException", "internal error")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body) // the client may have gone; there is nobody else to inform
}

// fail answers an error in the form, and by the names, of the Connect API.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if a.Refused != nil {
		a.Refused(r.Context(), w.Header(), err)
	}
	if e, ok := errors.AsType[*auth.Error](err); ok {
		a.Log.WarnContext(r.Context(), "a request for an erasure was refused", "request", edge.RequestID(r.Context()), "refusal", e)
		edge.WriteError(w, e.Status(), e.Code, e.Message)
		return
	}
	status, code, message := http.StatusInternalServerError, "InternalServiceException", "internal error"
	if e, ok := errors.AsType[*center.Error](err); ok {
		message = e.Message
		switch e.Reason {
		case center.NotFound:
			status, code = http.StatusNotFound, "ResourceNotFoundException"
		case center.BadRequest, center.Invalid:
			status, code = http.StatusBadRequest, "InvalidRequestException"
		case center.Conflict, center.NotEnded:
			status, code = http.StatusConflict, "ResourceConflictException"
		case center.LimitExceeded:
			status, code = http.StatusTooManyRequests, "LimitExceededException"
		case center.Throttled, center.Unavailable:
			status, code = http.StatusTooManyRequests, "ThrottlingException"
		default:
			message = "internal error"
		}
	}
	if status == http.StatusInternalServerError {
		a.Log.ErrorContext(r.Context(), "a request for an erasure failed", "request", edge.RequestID(r.Context()), "err", err)
	}
	edge.WriteError(w, status, code, message)
}
