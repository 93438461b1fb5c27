"""The rules behind `quotes` and `syntax`: quotation marks, cues, contents, sources, speakers."""
