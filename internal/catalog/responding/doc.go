// Package responding has quick responses: what agents often say, set up for an instance, found by a shortcut or by words, and
// filled in with what is known of the contact. Amazon keeps them in a knowledge base of another service; here they are resources
// of the instance, with the members that CreateQuickResponse of that service and @amazon-connect/quick-responses have.
//
// [Create], [Update] and [Delete] each make one change of the catalog: they block until it is durable, make it whole or not at
// all, and return a *center.Error unless the store fails. [Search] and [Fill] are pure.
package responding
