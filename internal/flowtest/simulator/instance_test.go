package simulator

import "testing"

// TestNames: resources go by id, ARN, the designer's name, or the name that the scenario gives.
func TestNames(t *testing.T) {
	in := NewInstance()
	d, err := (&Library{}).Open("../testdata/shop.json", "", "")
	if err != nil {
		t.Fatal(err)
	}
	in.Add(d)
	const arn = "arn:aws:connect:us-east-1:123456789012:instance/11111111-1111-4111-8111-111111111111/queue/5e111111-0000-4000-8000-000000000001"
	for _, ref := range []string{arn, "Support"} {
		if q, err := in.Queue(instanceID, ref); err != nil || q.Name != "Support" || q.Max != -1 {
			t.Errorf("Queue(%s) = %+v, %v", ref, q, err)
		}
	}
	in.QueueNamed("Sales").Max = 3
	in.Name("q-1", "Sales")
	for _, ref := range []string{"q-1", "arn:aws:connect:eu-west-1:1:instance/i/queue/q-1"} {
		if q, err := in.Queue(instanceID, ref); err != nil || q.Name != "Sales" || q.Max != 3 {
			t.Errorf("Queue(%s) = %+v, %v", ref, q, err)
		}
	}
	for _, ref := range []string{"shop", "Shop"} {
		if _, id, err := in.Published(instanceID, ref); err != nil || id != "shop" {
			t.Errorf("Published(%s) = %s, %v", ref, id, err)
		}
	}
	for _, ref := range []string{"form", "form:3", "arn:aws:connect:us-east-1:aws:view/form:$LATEST"} {
		if v, err := in.FindView(instanceID, ref); err != nil || v.Name != "form" {
			t.Errorf("FindView(%s) = %+v, %v", ref, v, err)
		}
	}
	in.Strict = true
	if _, err := in.Queue(instanceID, "unheard-of"); err == nil {
		t.Error("a strict instance has every queue")
	}
	if _, err := in.FindView(instanceID, "unheard-of"); err == nil {
		t.Error("a strict instance has every view")
	}
	if _, err := in.Hours(instanceID, "unheard-of", Begin); err == nil {
		t.Error("a strict instance has all hours")
	}
}
