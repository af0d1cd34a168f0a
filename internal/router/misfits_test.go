package router_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/routing"
	"parley.example/parley/internal/store"
)

// profile makes a security profile.
func (c *centre) securityProfile(name string, grants ...permission.Name) center.SecurityProfileID {
	c.Helper()
	texts := []string{}
	for _, p := range grants {
		texts = append(texts, string(p))
	}
	p, err := access.CreateProfile(c.Context(), c.Catalog, c.instance, access.NewProfile{Name: name, Change: access.ProfileChange{Permissions: texts}})
	if err != nil {
		c.Fatal(err)
	}
	return p.ID
}

// grant gives a security profile other permissions.
func (c *centre) grant(id center.SecurityProfileID, grants ...permission.Name) {
	c.Helper()
	texts := []string{}
	for _, p := range grants {
		texts = append(texts, string(p))
	}
	if err := access.UpdateProfile(c.Context(), c.Catalog, c.instance, id, access.ProfileChange{Permissions: texts}); err != nil {
		c.Fatal(err)
	}
}

// talk starts a chat and has an agent accept it.
func (c *centre) talk(user center.UserID) center.ContactID {
	c.Helper()
	id := c.chat()
	synctest.Wait()
	c.give(id, contact.Accept{User: user})
	return id
}

// A supervisor who loses his permissions supervises no more: he is silent without the one to barge in, or gone where he is
// needed to be two, and gone without the one to listen.
func TestSupervisorsNeedPermissions(t *testing.T) {
	const listen, barge = permission.ManagerListenIn, permission.ManagerBargeIn
	for name, lose := range map[string]func(c *centre, profile center.SecurityProfileID, sue center.UserID){
		"of the profile": func(c *centre, profile center.SecurityProfileID, _ center.UserID) {
			c.grant(profile, permission.BasicAgentAccess)
		},
		"with the profile": func(c *centre, _ center.SecurityProfileID, sue center.UserID) {
			if err := catalog.Update(c.Context(), c.Catalog, c.instance, sue, func(_ *catalog.Snapshot, u *catalog.User) error {
				u.SecurityProfiles = u.SecurityProfiles[:1]
				return nil
			}); err != nil {
				c.Fatal(err)
			}
		},
		"with the user": func(c *centre, _ center.SecurityProfileID, sue center.UserID) {
			if err := staffing.DeleteUser(c.Context(), c.Catalog, c.instance, sue); err != nil {
				c.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, enginetest.Memory(t))
				plain, special := c.securityProfile("plain", permission.BasicAgentAccess), c.securityProfile("special", listen, barge)
				bo := c.hire("bo", nil)
				sue := c.hire("sue", func(n *staffing.NewUser) { n.SecurityProfiles = []center.SecurityProfileID{plain, special} })
				c.arrive(bo)
				first, second := c.talk(bo), c.talk(bo)
				for _, id := range []center.ContactID{first, second} {
					c.give(id, contact.Monitor{User: sue, Barge: true})
					c.give(id, contact.Supervise{User: sue, Barge: true})
				}
				c.give(second, contact.Leave{User: bo}) // sue is alone with the customer
				synctest.Wait()
				c.has(first, bo, contact.WorkConnected, sue, contact.WorkConnected)
				c.has(second, bo, contact.WorkEnded, sue, contact.WorkConnected)
				c.grant(special, listen)
				synctest.Wait()
				c.has(first, bo, contact.WorkConnected, sue, contact.WorkConnected)
				if w := c.work(first)[1]; !w.Watch.Barged.IsZero() {
					t.Errorf("without %s the supervisor takes part since %v", barge, w.Watch.Barged)
				}
				c.has(second, bo, contact.WorkEnded)
				lose(c, special, sue)
				synctest.Wait()
				c.has(first, bo, contact.WorkConnected)
			})
		})
	}
}

// What a user who does not exist has in hand is taken from him: what reached him late, and what an earlier process has left.
func TestDeletedUsersHaveNothingInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := enginetest.Memory(t)
		c := open(t, kept)
		bo, cy := c.hire("bo", nil), c.hire("cy", nil)
		synctest.Wait()
		id := c.chat()
		if err := staffing.DeleteUser(t.Context(), c.Catalog, c.instance, bo); err != nil {
			t.Fatal(err)
		}
		late := contact.Offer{User: bo, Identity: contact.Identity{DisplayName: "bo"}, Ring: time.Minute, Assigned: true}
		c.give(id, late)
		synctest.Wait()
		c.has(id)
		c.slots(bo, 0)
		c.pause()
		c.give(id, late)
		time.Sleep(2 * time.Minute)
		c.has(id, bo, contact.WorkMissed)
		c.stop()
		c = open(t, kept)
		synctest.Wait()
		c.has(id)
		c.slots(bo, 0)
		c.arrive(cy)
		synctest.Wait()
		c.has(id, cy, contact.WorkConnecting)
	})
}

// brittle is a store that refuses changes.
type brittle struct {
	store.Store
	refuses atomic.Bool
}

func (b *brittle) Submit(c *store.Change, done func(error)) {
	if b.refuses.Load() {
		go done(errors.New("the disk has a bad day"))
		return
	}
	b.Store.Submit(c, done)
}

// What cannot be taken from somebody is taken later, unless it has become right meanwhile.
func TestMisfitsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		weak := &brittle{Store: enginetest.Memory(t)}
		c := open(t, weak)
		special := c.securityProfile("special", permission.ManagerListenIn)
		only := func(n *staffing.NewUser) { n.SecurityProfiles = []center.SecurityProfileID{special} }
		bo, sue := c.hire("bo", nil), c.hire("sue", only)
		c.arrive(bo)
		id := c.talk(bo)
		c.give(id, contact.Monitor{User: sue})
		const retryOff = 300 * time.Millisecond // between two attempts
		for _, back := range []bool{true, false} {
			weak.refuses.Store(true)
			c.grant(special)
			time.Sleep(5*time.Second + retryOff)
			c.has(id, bo, contact.WorkConnected, sue, contact.WorkConnected)
			if back {
				c.grant(special, permission.ManagerListenIn)
				synctest.Wait()
			}
			weak.refuses.Store(false)
			time.Sleep(5 * time.Second)
			if has := slices.ContainsFunc(c.work(id), func(w contact.Work) bool { return w.User == sue }); has != back {
				t.Errorf("the supervisor has his permission again: %t, and supervises: %t", back, has)
			}
		}
	})
}

// A chat whose offer fails for a reason that any agent would meet is set aside, and explained so: it waits all the same, and is
// counted as waiting.
func TestSetAsideIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		weak := &brittle{Store: enginetest.Memory(t)}
		c := open(t, weak)
		bo := c.hire("bo", nil)
		id := c.chat()
		synctest.Wait()
		weak.refuses.Store(true)
		c.arrive(bo)
		for _, pause := range []time.Duration{time.Second, 2 * time.Second} {
			synctest.Wait()
			until := c.Clock.Now().Add(pause)
			r := c.explain(id)
			if r.Cause != routing.SetAside || r.User != bo || !r.Until.Equal(until) || r.Name != "the server's log says why" {
				t.Errorf("the chat is explained by %+v; want it set aside until %s", r, until)
			}
			if text := r.String(); !strings.Contains(text, "set aside until "+until.UTC().Format(time.RFC3339)) || !strings.Contains(text, r.Name) {
				t.Errorf("the explanation is %q", text)
			}
			if n, err := c.router.Numbers(t.Context(), c.instance, nil); err != nil || n.Lines[c.queue()].Waiting != 1 {
				t.Errorf("the chat is set aside; the numbers are %+v, %v; want one that waits", n, err)
			}
			time.Sleep(pause)
		}
		synctest.Wait()
		weak.refuses.Store(false)
		c.assign(id, bo)
		if r := c.explain(id); r.Cause != routing.Rings || r.User != bo {
			t.Errorf("the chat rings at %s, whom somebody has chosen while it was set aside; it is explained by %v", bo, r)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		c.has(id, bo, contact.WorkConnecting)
	})
}
