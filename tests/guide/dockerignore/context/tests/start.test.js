require("../index.js");
