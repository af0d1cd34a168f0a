// Package parleytest runs a whole Parley inside a Go test: [Start] returns one that answers on
// 127.0.0.1 within milliseconds, keeps everything in memory and stops with the test. Whatever the
// program under test calls Amazon Connect with works against its [Server.URL]: the AWS SDKs, ChatJS in a
// browser, package client.
//
//	func TestGreeting(t *testing.T) {
//		s := parleytest.Start(t)
//		chat := s.Chat(s.Publish("Greeting", greeting))
//		chat.Expect("Hello")
//		s.Advance(5 * time.Minute)          // the flow has waited, in no time
//		chat.Expect("Are you still there?")
//		chat.Say("Yes")
//	}
//
// Time is the test's: [Server.Advance] moves the server's clock from timer to timer and returns when
// everything on the way has happened. Calls fail as [Server.Fault] tells them to. Functions, bots and
// streaming endpoints are Go functions: [Function], [Bot], [Stream]. A helper that does not find what it
// wants fails the test, and shows the chat as it went.
//
// [Server.Agent] is a person who answers:
//
//	func TestHandover(t *testing.T) {
//		s := parleytest.Start(t)
//		dana, customer := s.Agent("dana"), s.Chat(parleytest.QueueFlow)
//		desk := dana.Next() // it rings, and she accepts
//		desk.Say("Good day")
//		customer.ExpectEvent(client.EventJoined)
//		desk.Leave()
//		customer.ExpectEvent(client.EventEnded)
//		desk.Clear()
//	}
//
// A server and its chats belong to one test; servers of parallel tests share nothing. It is in
// development mode: any access key will do, and there is a demo instance ([Server.Instance]).
package parleytest
