-- Texts and formulas of a notebook to Typst, all at once: reads JSON from
-- standard input, writes JSON to standard output. Run by `pandoc lua`.
--
-- In:  { texts = { { format =, text = }, ... }, formulas = { { tex =, block = }, ... } }
-- Out: { texts = { { typst =, last = }, ... }, formulas = ... }, in the same order
--
-- Formulas stand in a text as U+E000 number U+E001. In the Typst source, what
-- only Python can finish stands between control characters, which no text can
-- contain: \1number\1 is a formula (\1number h\1 in a heading), \2JSON\2 a picture or a block of code and
-- \3sentence\3 tells what had to be replaced.

local here = pandoc.path.directory(arg[0])
local maths = dofile(pandoc.path.join { here, 'maths.lua' })
local stringify = pandoc.utils.stringify

local FORMATS = {
  markdown = 'gfm-emoji-yaml_metadata_block-tex_math_dollars-tex_math_gfm',
  html = 'html', latex = 'latex', rst = 'rst',
}
local FORMULA = '\u{e000}(%d%d?%d?%d?%d?%d?)\u{e001}'
local FOOTNOTE = '\u{e002}(%d+)\u{e003}'
local LINE = 98        -- characters of ordinary text on a line
local BOLD = 1.2       -- how much wider bold letters are
local SHORT = 20       -- what a cell of a table rather shows on one line
local GAP = 3          -- what the distance of two columns takes, in characters
local SMALLEST = 0.6   -- of the ordinary size of letters, in a wide table
local LONG_TABLE = 20  -- rows that are not torn
local MOST_TAGS = 5000 -- of HTML in a text
local LONG_WORD = 40   -- characters that are not torn

local formulas         -- what came in
local prefix           -- of all labels
local targets = {}     -- what links lead to
local labels = {}      -- name of a heading or anchor -> label
local num_labels = 0

-- pandoc reads no files and fetches nothing where it is given a list of them.
local function read(text, format)
  return pandoc.read(text, format, nil, {}).blocks
end

local function write(blocks, format)
  return pandoc.write(pandoc.Pandoc(blocks), format, { wrap_text = 'none' })
end

local function inline(typst) return pandoc.RawInline('typst', typst) end
local function block(typst) return pandoc.RawBlock('typst', typst) end
local function replaced(what) return inline('\3' .. what .. '\3') end
local function later(what) return '\2' .. pandoc.json.encode(what) .. '\2' end

-- The LaTeX again, where a formula stands in code or in a description.
local function with_source(text)
  return (text:gsub(FORMULA, function(number)
    local formula = formulas[number + 1]
    if not formula then return '' end
    local dollars = formula.block and '$$' or '$'
    return dollars .. formula.tex .. dollars
  end))
end

-- Without what would be a mark of ours, or what no PDF may contain. (Entities
-- such as &#2; are characters only now.)
local function cleaned(text)
  return (text:gsub('[%z\1-\8\11-\31\127]', ''):gsub('\xef\xbb\xbf', '')
    :gsub('\xef\xbf[\xbe\xbf]', ''):gsub('\xef\xb7[\x90-\xaf]', ''))
end

local function cleaned_attributes(element)
  element.identifier = cleaned(element.identifier)
  for key, value in pairs(element.attributes) do element.attributes[key] = cleaned(value) end
  return element
end

local CLEANED = {
  Str = function(element) return pandoc.Str(cleaned(element.text)) end,
  Code = function(element) return pandoc.Code(cleaned(element.text)) end,
  CodeBlock = function(element)
    element.text = cleaned(element.text)
    element.classes = element.classes:map(function(class) return cleaned(class) end)
    return element
  end,
  Link = function(element) return pandoc.Link(element.content, cleaned(element.target)) end,
  Image = function(element)
    element.src = cleaned(element.src)
    element.attributes.alt = stringify(element.caption)
    return cleaned_attributes(element)
  end,
  Span = cleaned_attributes, Div = cleaned_attributes, Header = cleaned_attributes,
}

local function unescaped(address)
  return (address:gsub('%%(%x%x)', function(code) return string.char(tonumber(code, 16)) end))
end

-- Splits a text at a pattern; `make` gives what stands for what it captured,
-- `rest` what stands for the text between.
local function split(text, pattern, make, rest)
  local result, start = pandoc.List(), 1
  while true do
    local first, last, captured = text:find(pattern, start)
    result:insert(rest(text:sub(start, (first or 0) - 1)))
    if not first then return result end
    result:insert(make(tonumber(captured)))
    start = last + 1
  end
end

-- A long word in pieces between which it may break, after punctuation where
-- it has some. (pandoc also needs very long for very long words.)
local function breakable(word)
  if #word <= LONG_WORD then return pandoc.List { word } end
  local result, piece = pandoc.List(), {}
  for _, code in utf8.codes(word) do
    local character = utf8.char(code)
    table.insert(piece, character)
    if #piece >= 10 and character:find('%p') or #piece >= LONG_WORD then
      result:insert(table.concat(piece) .. '\u{200b}')
      piece = {}
    end
  end
  if #piece > 0 then result:insert(table.concat(piece)) end
  return result
end

-- Text --------------------------------------------------------------------

-- pandoc escapes too little: after a link `.text` would be code, and at the
-- start of a cell `- 5` a list.
local function escaped(text)
  return (text:gsub('%p', '\\%0'):gsub('^\\%-(%d)', '-%1'))  -- this hyphen becomes a minus
end

local function Str(element)
  if element.text:find(FORMULA) then
    return split(element.text, FORMULA, function(number)
      return inline(formulas[number + 1] and '\1' .. number .. '\1' or '')
    end, function(rest) return inline(escaped(rest)) end)
  end
  return inline(escaped(table.concat(breakable(element.text))))
end

local function Code(element)
  local text = table.concat(breakable(with_source(element.text)))
  if text == '' then return {} end
  return inline('#raw("' .. text:gsub('[\\"]', '\\%0'):gsub('\n', ' ') .. '");')
end

-- What the reader of LaTeX has found beyond the formulas.
local function Math(element) return Code(pandoc.Code(element.text)) end

local function CodeBlock(element)
  return block(later {
    kind = 'code', language = element.classes[1] or '', text = with_source(element.text),
  })
end

local function Image(element)
  local style = element.attributes.style or ''
  return inline(later {
    kind = 'picture', is_link = element.classes:includes('linked'), source = with_source(element.src), alt = with_source(element.attributes.alt or ''),
    width = element.attributes.width or style:match('width:%s*([^;]*)') or '',
    height = element.attributes.height or style:match('height:%s*([^;]*)') or '',
  })
end

local function Link(element)
  local target = with_source(element.target)
  if target:find('^www%.') then target = 'https://' .. target end
  local start = target:match('^(%a[%w+.-]*):')
  if start and ('http https mailto ftp'):find(start:lower(), 1, true) then
    return pandoc.Link(element.content, target)
  end
  local content = pandoc.List(element.content)
  local anchor = target:match('^#(.*)')
  if anchor == '' or target == '' then return content end
  if not anchor then
    content:insert(replaced('a link to ' .. target .. ', which is no address on the web, is plain text'))
    return content
  end
  local label = labels[unescaped(anchor)]
  if not label then
    content:insert(replaced('a link to #' .. anchor .. ', which does not exist, is plain text'))
    return content
  end
  content:insert(1, inline('#link(<' .. label .. '>)['))
  content:insert(inline('];'))
  return content
end

-- Whether the first letter belongs to a script that is written from the right.
local function is_from_the_right(element)
  for _, code in utf8.codes(stringify(element)) do
    if code >= 0x590 and code <= 0x8ff or code >= 0xfb1d and code <= 0xfefc then return true end
    if code >= 0xc0 and code < 0x2000 or code < 0x80 and string.char(code):find('%a') then return false end
  end
  return false
end

-- Whether justifying would tear its words far apart.
local function is_ragged(element)
  local found = false
  element:walk {
    Image = function() found = true end,
    Str = function(str) found = found or #str.text > LONG_WORD end,
    Code = function(str) found = found or #str.text > LONG_WORD end,
  }
  return found
end

-- A picture in a link has that link, not its own.
local function mark_linked(link)
  return link:walk { Image = function(image) image.classes:insert('linked') return image end }
end

-- A line that ends at a picture is not justified.
local function end_lines(inlines)
  for i = 2, #inlines - 1 do
    if inlines[i].t == 'SoftBreak' and (inlines[i - 1].t == 'Image' or inlines[i + 1].t == 'Image') then
      inlines[i] = pandoc.LineBreak()
    end
  end
  return inlines
end

-- A paragraph that ends with a colon stays with what follows.
local function Para(element)
  local settings = ''
  if is_ragged(element) then settings = '#set par(justify: false);' end
  if is_from_the_right(element) then settings = settings .. '#set text(dir: rtl);' end
  local last = element.content[#element.content]
  if last and last.t == 'Str' and last.text:sub(-1) == ':' then
    return { block('#block(sticky: true)[' .. settings), pandoc.Plain(element.content), block(']') }
  end
  if settings ~= '' then return { block('#block[' .. settings), element, block(']') } end
end

local function Plain(element)
  if is_from_the_right(element) then
    return { block('#[#set text(dir: rtl);'), element, block(']') }
  end
end

-- Anchors and headings ------------------------------------------------------

-- Only what a link leads to gets a label. Jupyter's name of a heading is its
-- text with hyphens, GitHub's is the same in small letters.
local function note_targets(blocks)
  blocks:walk {
    Link = function(element)
      local anchor = element.target:match('^#(.+)')
      if anchor then targets[unescaped(anchor)] = true end
    end,
  }
end

-- One label for all names of a place.
local function label_for(names)
  local label = ''
  for _, name in ipairs(names) do
    if targets[name] and not labels[name] then
      if label == '' then
        num_labels = num_labels + 1
        label = prefix .. num_labels
      end
      labels[name] = label
    end
  end
  return label
end

-- A heading takes over the anchors within.
local function set_label(header)
  local name = stringify(header.content):gsub('%s', '-')
  local names = pandoc.List { name, header.identifier, name:lower() }
  header.content = header.content:walk {
    Span = function(span)
      names:insert(span.identifier)
      span.identifier = ''
      return span
    end,
  }
  header.identifier = label_for(names)
  return header
end

local function set_labels(blocks)
  local function set(element)
    element.identifier = label_for { element.identifier }
    return element
  end
  return blocks:walk({ Header = set_label }):walk { Div = set, Span = set }
end

-- A heading that stands before the first one of the highest level, and below
-- it, is a bold line. Other levels are closed up where one is skipped.
local highest, levels = 6, pandoc.List()
local function Header(element)
  if stringify(element.content) == '' then
    return pandoc.Plain(element.content)  -- a picture, or nothing
  end
  if #levels == 0 and element.level > highest then
    return pandoc.Para {
      pandoc.Strong(element.content),
      replaced('a heading of level ' .. element.level .. ' before the first of level ' .. highest .. ' is a bold line'),
    }
  end
  while #levels > 0 and levels[#levels] >= element.level do levels:remove() end
  levels:insert(element.level)
  local content = pandoc.List(element.content)
  if #levels < element.level then
    content:insert(replaced('a heading of level ' .. element.level .. ' has become one of level ' .. #levels))
  end
  return pandoc.Header(#levels, content, pandoc.Attr(element.identifier))
end

-- Typst wants to know the title of a heading without its surroundings.
local function with_plain_formulas(header)
  return header:walk {
    RawInline = function(raw) return inline((raw.text:gsub('^\1(%d+)\1$', '\1%1h\1'))) end,
  }
end

-- What attributes say could become Typst code; only labels are kept.
local function is_hidden(element)
  local style = element.attributes.style or ''
  return element.attributes.hidden or style:find('display:%s*none')
end

local function anchor(element)
  return inline('#metadata(none) <' .. element.identifier .. '>')
end

local function Span(element)
  if is_hidden(element) then return {} end
  local content = element.content:clone()
  if element.identifier ~= '' then content:insert(1, anchor(element)) end
  return content
end

local function Div(element)
  if is_hidden(element) then return {} end
  local content = element.content:map(function(child)
    return child.t == 'Plain' and pandoc.Para(child.content) or child
  end)
  if element.identifier ~= '' then content:insert(1, pandoc.Plain { anchor(element) }) end
  return content
end

-- Tables --------------------------------------------------------------------

-- The width of a text in small letters of average width, about.
local function length(text)
  local _, narrow = text:gsub("[ijlfI.,:;'|!%[%]()]", '')
  local _, broad = text:gsub('[bdhnpuk_]', '')
  local _, wide = text:gsub('[mwMW@%%]', '')
  local _, capitals = text:gsub('[A-HJ-LN-VX-Z]', '')
  local _, full = text:gsub('[\xe3-\xed][\x80-\xbf][\x80-\xbf]', '')  -- Chinese, Japanese, Korean
  return (utf8.len(text) or #text) - 0.4 * narrow + 0.2 * broad + 0.6 * wide + 0.45 * capitals + full
end

-- The width of a cell, and of what should stand on one line of it: a short
-- text whole, else its longest word.
local function extent(cell, short)
  local text = stringify(cell.contents):gsub(FORMULA, function(number)
    local formula = formulas[number + 1]
    return formula and formula.tex:gsub('\\%a+', 'x'):gsub('[{}_^%s]', '') or ''
  end)
  local whole, longest = length(text), 0
  if whole <= short then return whole, whole end
  for word in text:gmatch('%S+') do
    for _, piece in ipairs(breakable(word)) do longest = math.max(longest, length(piece)) end
  end
  return whole, longest
end

local function all_rows(element)
  local rows = pandoc.List(element.head.rows):clone()
  for _, body in ipairs(element.bodies) do rows:extend(body.head); rows:extend(body.body) end
  rows:extend(element.foot.rows)
  return rows
end

-- The widths of columns, natural and least, and whether cells span several.
-- A text up to `short` is kept on a line, but not in the head.
local function widths(element, short, bold)
  local natural, least, spans = {}, {}, false
  for i = 1, #element.colspecs do natural[i], least[i] = 1, 1 end
  for number, row in ipairs(all_rows(element)) do
    local is_head = number <= #element.head.rows
    for i, cell in ipairs(row.cells) do
      if cell.col_span > 1 or cell.row_span > 1 then
        spans = true
      elseif natural[i] then
        local line, word = extent(cell, is_head and 0 or short)
        natural[i] = math.max(natural[i], (is_head and bold or 1) * line)
        least[i] = math.max(least[i], (is_head and bold or 1) * word)
      end
    end
  end
  return natural, least, spans
end

local function sum(numbers)
  local total = 0
  for _, number in ipairs(numbers) do total = total + number end
  return total
end

local function keep_columns(element, kept)
  local function keep(row)
    local cells = pandoc.List()
    for i, cell in ipairs(row.cells) do if kept[i] then cells:insert(cell) end end
    row.cells = cells
    return row
  end
  local copy = element:clone()
  local specs = pandoc.List()
  for i, spec in ipairs(copy.colspecs) do if kept[i] then specs:insert(spec) end end
  copy.colspecs = specs
  copy.head.rows = copy.head.rows:map(keep)
  for _, body in ipairs(copy.bodies) do
    body.head, body.body = body.head:map(keep), body.body:map(keep)
  end
  copy.foot.rows = copy.foot.rows:map(keep)
  return copy
end

-- The columns of a wide table in portions. The first column stands in each.
local function filled(least, room)
  local result, used = pandoc.List(), math.huge
  for i = 2, #least do
    used = used + least[i] + GAP
    if used > room then
      result:insert({ [1] = true })
      used = least[1] + least[i] + 2 * GAP
    end
    result[#result][i] = true
  end
  return result
end

-- As few portions as can be, of about equal width.
local function portions(least)
  local room = LINE / SMALLEST
  local number = #filled(least, room)
  local narrower = room
  while narrower > 0 and #filled(least, narrower) == number do
    room, narrower = narrower, narrower - room / 20
  end
  return filled(least, room)
end

-- Whether Typst, which gives long columns equal shares, tears no word.
local function fits(natural, least, room)
  local share, open, used
  share = 0
  repeat
    local before = share
    open, used = 0, 0
    for _, width in ipairs(natural) do
      if width <= before then used = used + width else open = open + 1 end
    end
    share = (room - used) / math.max(1, open)
  until open == 0 or share <= before
  for i, width in ipairs(least) do
    if natural[i] > share and width > share then return false end
  end
  return used <= room
end

local function without_identifier(element)
  element.identifier = ''
  return element
end

local function size_for(least)
  return math.max(SMALLEST, math.min(1, LINE / (sum(least) + GAP * #least)))
end

-- A table with the widths of its columns set, where Typst's own are not good,
-- in letters so small that it fits.
local function fitted(element, short, size)
  local natural, least = widths(element, short, 1)
  local room = LINE - GAP * #natural
  if sum(natural) > room and (size < 1 or not fits(natural, least, room)) then
    natural, least = widths(element, short, BOLD)
    size = math.min(size, size_for(least))
    room = LINE / size - GAP * #natural
    local spare = math.max(0, room - sum(least)) / math.max(1, sum(natural) - sum(least))
    for i, spec in ipairs(element.colspecs) do
      local width = least[i] + (natural[i] - least[i]) * math.min(1, spare) + GAP
      element.colspecs[i] = { spec[1], width / (LINE / size) }
    end
  end
  local head, long = #element.head.rows, #all_rows(element) > LONG_TABLE
  if size == 1 and head == 1 and not long then return { element } end
  return {
    block(string.format('#any-table(size: %.2f, head: %d, breakable: %s)[', size, head, long)),
    element, block(']'),
  }
end

local function Table(element)
  element.attr = pandoc.Attr()
  element.head.attr, element.foot.attr = pandoc.Attr(), pandoc.Attr()
  for _, body in ipairs(element.bodies) do body.attr = pandoc.Attr() end
  for _, row in ipairs(all_rows(element)) do
    row.attr = pandoc.Attr()
    for _, cell in ipairs(row.cells) do cell.attr = pandoc.Attr() end
  end
  element.colspecs = element.colspecs:map(function(spec) return { spec[1] } end)
  local short = SHORT
  local _, least, spans = widths(element, short, BOLD)
  if sum(least) + GAP * #least > LINE / SMALLEST then
    short = 0
    _, least = widths(element, short, BOLD)
  end
  if spans or #least < 3 or sum(least) + GAP * #least <= LINE / SMALLEST then
    return fitted(element, short, 1)
  end
  local parts = portions(least):map(function(kept) return keep_columns(element, kept) end)
  local size = 1
  for _, part in ipairs(parts) do
    local _, of_part = widths(part, short, BOLD)
    size = math.min(size, size_for(of_part))
  end
  local result = pandoc.List()
  for number, part in ipairs(parts) do
    if number > 1 then part = part:walk { Span = without_identifier } end
    result:extend(fitted(part, short, size))
  end
  result:insert(pandoc.Plain { replaced('a wide table is split into ' .. #parts .. ' parts') })
  return result
end

-- HTML in Markdown ----------------------------------------------------------

-- pandoc would take a block out of its heading.
local function read_html(html)
  html = html:gsub('<[hH]([1-6])(.-)</[hH]%1>', function(level, content)
    for _, tag in ipairs { 'center', 'div', 'p' } do
      content = content:gsub('</?' .. tag .. '[^%a>][^>]*>', ''):gsub('</?' .. tag .. '>', '')
    end
    return '<h' .. level .. content .. '</h' .. level .. '>'
  end)
  return read(html, 'html')
end

-- Buttons and players of outputs do nothing on paper.
local function read_output(html)
  for _, tag in ipairs { 'button', 'label', 'select', 'audio', 'video', 'noscript' } do
    html = html:gsub('<' .. tag .. '[%s>].-</' .. tag .. '>', '')
  end
  return read_html(html)
end

-- In Markdown an empty line would end a table of HTML.
local function with_whole_tables(text)
  if text:find('```') then return text end
  return (text:gsub('<table.-</table>', function(found) return (found:gsub('%s*\n%s*', '\n')) end))
end

local CHECKBOX = { ['☐'] = '\u{e004}', ['☒'] = '\u{e005}' }  -- else they become fields of a form

-- Written as HTML and read again, as a browser would read it. Footnotes, which
-- HTML does not have, wait outside.
local function read_html_within(blocks)
  local number, notes = 0, {}
  local found = function(element) if element.format == 'html' then number = number + 1 end end
  blocks:walk { RawInline = found, RawBlock = found }
  if number == 0 or number > MOST_TAGS then return blocks end
  blocks = blocks:walk {
    Note = function(note)
      table.insert(notes, note)
      return pandoc.Str('\u{e002}' .. #notes .. '\u{e003}')
    end,
    Str = function(element) return pandoc.Str(CHECKBOX[element.text] or element.text) end,
  }
  blocks = read_html(write(blocks, 'html-task_lists'))
  return blocks:walk {
    Str = function(element)
      element.text = element.text:gsub('\u{e004}', '☐'):gsub('\u{e005}', '☒')
      if element.text:find(FOOTNOTE) then
        return split(element.text, FOOTNOTE, function(number) return notes[number] or inline('') end, pandoc.Str)
      end
      return element
    end,
  }
end

-- All together --------------------------------------------------------------

local function nothing() return {} end

-- A caption that is no more than the description is not said twice.
local function Figure(element)
  local alt = ''
  element:walk { Image = function(image) alt = stringify(image.caption) end }
  local content = pandoc.Blocks(element.content)
  if stringify(element.caption.long) ~= alt then content:extend(element.caption.long) end
  return content
end

local PLAIN = {
  Str = Str, Code = Code, Math = Math, CodeBlock = CodeBlock, Image = Image, Link = Link,
  Header = with_plain_formulas,
  Div = Div, Span = Span,
}
local WHOLE = { Header = Header, Link = mark_linked, Inlines = end_lines, Table = Table, Para = Para, Plain = Plain, Figure = Figure }

local UNREADABLE = 'pandoc cannot convert this text, so its source is shown'

local function parse(text)
  local read_it = text.format == 'html' and read_output or read
  if text.format == 'markdown' then text.text = with_whole_tables(text.text) end
  local could, blocks = pcall(read_it, text.text .. '\n', FORMATS[text.format])
  if not could then
    return pandoc.Blocks { pandoc.CodeBlock(text.text), pandoc.Plain { replaced(UNREADABLE) } }
  end
  if text.format == 'markdown' then blocks = read_html_within(blocks) end
  blocks = blocks:walk { RawInline = nothing, RawBlock = nothing }:walk(CLEANED)
  local num_tables = 0
  blocks = blocks:walk {
    Table = function(element)
      num_tables = num_tables + 1
      return element:walk { Header = function(header) return pandoc.Para { pandoc.Strong(header.content) } end }
    end,
  }
  local _, num_html_tables = text.text:gsub('<table[%s>]', '')
  if num_html_tables > num_tables and text.format ~= 'latex' and not text.text:find('`') then
    blocks:insert(pandoc.Plain { replaced('a table of HTML cannot be read as one') })
  end
  note_targets(blocks)
  blocks:walk { Header = function(element) highest = math.min(highest, element.level) end }
  return blocks
end

local input = pandoc.json.decode(io.read('a'), false)
formulas, prefix = input.formulas, input.prefix
local documents = pandoc.List(input.texts):map(parse):map(set_labels)
local function finished(blocks)
  local last = blocks[#blocks]
  local has_words = last and ('Para Plain Header'):find(last.t)
  return {
    last = has_words and stringify(last) or '',
    typst = write(blocks:walk(WHOLE):walk(PLAIN), 'typst'),
  }
end

local texts = pandoc.List()
for number, blocks in ipairs(documents) do
  local could, result = pcall(finished, blocks)
  if not could then
    local source = pandoc.Blocks { pandoc.CodeBlock(input.texts[number].text), pandoc.Plain { replaced(UNREADABLE) } }
    result = finished(source)
  end
  texts:insert(result)
end
io.write(pandoc.json.encode { texts = texts, formulas = maths(formulas) })
