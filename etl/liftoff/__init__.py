"""What leaves for Liftoff: postbacks and gates (pure), pacing, the client, and a stand-in Liftoff."""
