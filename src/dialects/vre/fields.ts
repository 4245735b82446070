/** Request bodies are read in the words of the framework that old clients know. */
export * from "../../http/fields.ts";
