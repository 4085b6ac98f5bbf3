"""Customer accounts for online stores: the domain. A noun is a module, a verb is a function."""
