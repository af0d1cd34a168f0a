// Package iam is the language of IAM's identity-based policies: it reads a policy
// document, says what is wrong with it, and decides by it.
//
// The rules are those that AWS publishes in the IAM User Guide, under "IAM JSON
// policy element reference" and "Policy evaluation logic":
//
//   - A statement applies when its Action or NotAction, its Resource or NotResource, and
//     all of its conditions match. A Deny that applies wins over every Allow. What no
//     statement allows is refused.
//   - Patterns have * for any run of characters, also across colons and slashes, and ? for
//     one. Actions and the names of condition keys are compared without regard to case.
//   - The values of one condition are alternatives; of a negated operator none may match.
//     Several keys and several operators must all hold.
//   - A key that the request does not have makes an operator false, a negated one
//     true, one with …IfExists true, ForAllValues: true and ForAnyValue: false.
//
// # What is not understood
//
// [Parse] refuses what it would not enforce: a rule that is silently ignored is worse
// than none. A [Policy] that comes from a store is read with more patience, because
// earlier builds checked less, and one that cannot be evaluated denies everything.
//
// Nothing here blocks or reads a clock: what a condition asks about, it asks a [Lookup].
// Start reading at [Policy.Decide].
package iam
